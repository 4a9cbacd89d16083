/**
 * The layer of an image: a tar archive, compressed with zstd. Of the kubelet's
 * 61 MB it makes 17, gzip 20, and Go unpacks it more than twice as fast (0.3
 * and 0.7 s). The same tree gives the same bytes.
 */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { join } from "@std/path";
import {
  TAR_END,
  tarHeader,
  type TarMember,
  tarPadding,
} from "#lib/tar/header.ts";
import type { Entry } from "../entries.ts";
import type { Staged } from "../stage.ts";
import type { Descriptor } from "./image.ts";

/** Of zstd; a program of 92 MB takes two seconds at 6. */
export const LAYER_LEVEL = 6;

const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+zstd";

/** A layer that was written, and what an image says of it. */
export interface LayerFile {
  readonly descriptor: Descriptor;
  /** Digest of the archive before it was compressed. */
  readonly diffId: string;
}

function memberOf(entry: Entry<string>, sizeBytes: number): TarMember {
  return entry.kind === "file" ? { ...entry, sizeBytes } : entry;
}

async function* contents(path: string, sizeBytes: number) {
  using file = await Deno.open(path);
  let rest = sizeBytes;
  while (rest > 0) {
    // Always as much as fits: the compressor sees the same pieces every time.
    const piece = new Uint8Array(Math.min(rest, 1 << 20));
    for (let have = 0; have < piece.length;) {
      const read = await file.read(piece.subarray(have));
      if (read === null) throw new Error(`"${path}" became shorter`);
      have += read;
    }
    rest -= piece.length;
    yield piece;
  }
}

/** The archive of what was staged in `tree`, sorted by path. */
async function* archive(tree: string, staged: readonly Staged[]) {
  const sorted = [...staged].sort((a, b) =>
    a.entry.path < b.entry.path ? -1 : 1
  );
  for (const { entry, sizeBytes } of sorted) {
    yield tarHeader(memberOf(entry, sizeBytes));
    if (entry.kind !== "file") continue;
    yield* contents(join(tree, entry.path), sizeBytes);
    yield new Uint8Array(tarPadding(sizeBytes));
  }
  yield TAR_END;
}

/** Writes the layer of what was staged in `tree` to the file `output`. */
export async function writeLayer(
  output: string,
  { tree, staged }: { tree: string; staged: readonly Staged[] },
): Promise<LayerFile> {
  const plain = createHash("sha256");
  const packed = createHash("sha256");
  let size = 0;
  using file = await Deno.open(output, { write: true, createNew: true });
  await pipeline(
    Readable.from((async function* () {
      for await (const piece of archive(tree, staged)) {
        if (piece.length === 0) continue;
        plain.update(piece);
        yield piece;
      }
    })()),
    createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: LAYER_LEVEL },
    }),
    async (pieces: AsyncIterable<Uint8Array>) => {
      for await (const piece of pieces) {
        packed.update(piece);
        size += piece.length;
        for (let rest = piece; rest.length > 0;) {
          rest = rest.subarray(await file.write(rest));
        }
      }
    },
  );
  return {
    descriptor: {
      mediaType: LAYER_TYPE,
      digest: `sha256:${packed.digest("hex")}`,
      size,
    },
    diffId: `sha256:${plain.digest("hex")}`,
  };
}
