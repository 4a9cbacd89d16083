/**
 * The answer to `Kubeconfig`: a gzipped tar with one file, as the seed era
 * sends it. Peers wrote it, so every size is checked.
 */
import { concatBytes } from "#lib/bytes.ts";
import { gunzip, GzipError } from "#lib/gunzip.ts";
import {
  type ClusterAccess,
  readClusterAccess,
} from "#lib/kube/cluster_access.ts";
import { TarError } from "#lib/tar/header.ts";
import { readTar } from "#lib/tar/read.ts";

/** Of the archive and of what it unpacks to; a kubeconfig has 10 KB. */
const LIMITS = { packed: 64 << 10, unpacked: 256 << 10 };
const FILE = "kubeconfig";

/** Joins pieces as long as they are not too many. */
async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > LIMITS.packed) {
      const text = `more than ${LIMITS.packed} bytes`;
      throw new GzipError({ kind: "toolarge" }, text);
    }
    kept.push(piece);
  }
  return concatBytes(kept);
}

/**
 * What the kubeconfig in the archive says.
 *
 * @throws {GzipError | TarError | ConfigError} when it is not one.
 */
export async function accessIn(
  pieces: AsyncIterable<Uint8Array>,
): Promise<ClusterAccess> {
  const archive = gunzip(await joined(pieces), LIMITS.unpacked);
  const [file, ...rest] = readTar(archive);
  if (file?.path === FILE && rest.length === 0) {
    return readClusterAccess(file.bytes, FILE);
  }
  const text = `expected "${FILE}" as the only file in it`;
  throw new TarError({ kind: "tar", path: FILE }, text);
}
