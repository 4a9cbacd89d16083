/** The decompressors by name, as `Core` has them. */
import { CoreError } from "../../errors.ts";
import { Input, Output } from "./bytes.ts";
import { inflate, unzlib } from "./deflate.ts";
import { unlz4 } from "./lz4.ts";
import { unlzo } from "./lzo.ts";
import { unxz } from "./xz.ts";
import { unzstd } from "./zstd.ts";

const CODECS = {
  deflate: inflate,
  zlib: unzlib,
  lz4: unlz4,
  lzo: unlzo,
  zstd: unzstd,
  xz: unxz,
};

/** A format of compressed blocks. */
export type ReferenceCodec = keyof typeof CODECS;

const BLOCK_MAX = 1 << 20;

/** What `bytes` become: all of them, at most `limit` bytes. */
export function decompress(
  codec: ReferenceCodec,
  bytes: Uint8Array,
  options: { limit: number },
): Uint8Array<ArrayBuffer> {
  if (bytes.length > BLOCK_MAX) {
    throw new CoreError("limit", `${bytes.length} compressed bytes`, 0);
  }
  const input = new Input(bytes);
  const output = new Output(Math.min(options.limit, BLOCK_MAX));
  CODECS[codec](input, output);
  input.end();
  return output.from(0).slice();
}
