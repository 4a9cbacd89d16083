/**
 * The answer to `Kubeconfig`: a gzipped tar with one file, as the seed era
 * sends it. Peers wrote it, so every size is checked.
 */
import type { Data } from "#proto/common_pb.ts";
import { Code, RpcError } from "#lib/rpc/status.ts";

/** Of the archive, and of what it holds: a kubeconfig has a few KiB. */
const BYTES_MAX = 1 << 20;
const BLOCK_BYTES = 512;
const FILE = "kubeconfig";

/** Joins pieces as long as they are not too many. */
async function joined(
  pieces: AsyncIterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const kept: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > BYTES_MAX) {
      throw new Error(`a kubeconfig of more than ${BYTES_MAX} bytes`);
    }
    kept.push(piece.slice());
  }
  return new Uint8Array(await new Blob(kept).arrayBuffer());
}

async function* bytesOf(frames: AsyncIterable<Data>) {
  for await (const { bytes, metadata } of frames) {
    if (metadata && metadata.error !== "") {
      const code = metadata.status?.code ?? Code.Unknown;
      throw new RpcError(code, metadata.error);
    }
    yield bytes;
  }
}

/**
 *     0 name 100 | 100 mode, owner, group 24 | 124 size, octal 12 | ... 512
 */
function fileOf(archive: Uint8Array): Uint8Array {
  const text = (from: number, to: number) =>
    new TextDecoder().decode(archive.subarray(from, to)).replace(/\0.*$/s, "");
  const digits = text(124, 136).trim();
  const size = /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
  const end = BLOCK_BYTES + size;
  if (text(0, 100) !== FILE || !(end <= archive.length)) {
    throw new Error(`the answer has no file "${FILE}"`);
  }
  return archive.subarray(BLOCK_BYTES, end);
}

/** The text of the kubeconfig that is in the frames. */
export async function kubeconfigIn(
  frames: AsyncIterable<Data>,
): Promise<string> {
  const packed = await joined(bytesOf(frames));
  const plain = new Blob([packed]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return new TextDecoder().decode(fileOf(await joined(plain)));
}
