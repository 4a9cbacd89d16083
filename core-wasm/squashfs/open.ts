/** Opens an image: the superblock, the tables, the root. */
import { CoreError } from "../errors.ts";
import type { Core } from "../mod.ts";
import { type ByteSource, readExactly } from "../source.ts";
import { Data } from "./data.ts";
import type { Window } from "./decoder.ts";
import { Directories } from "./directories.ts";
import { Files } from "./files.ts";
import { Inodes } from "./inodes.ts";
import { LookupTable } from "./lookup.ts";
import { type Image, Metadata } from "./metadata.ts";
import { Paths } from "./paths.ts";
import { UnpackPool } from "./pool.ts";
import { Squashfs } from "./reader.ts";
import { SQUASHFS_LIMITS, type SquashfsInfo } from "./types.ts";
import { unpackAll, type Unpacker } from "./unpack.ts";
import { Xattrs } from "./xattrs.ts";

const SUPERBLOCK_SIZE = 96;

/** How an image is read. */
export interface OpenOptions {
  /** Decompressed data that is kept, in bytes; 8 MiB by default. */
  readonly dataCacheBytes?: number;
  /** Decompressed metadata that is kept, in bytes; 1 MiB by default. */
  readonly metadataCacheBytes?: number;
  /** Threads that decompress data, 1 to 64; without, it is done here. */
  readonly workers?: number;
  /** `squashfs/worker.ts`, when this file is in a bundle. */
  readonly worker?: URL;
  /** The bytes of core.wasm for them, when it is not beside the source. */
  readonly wasm?: BufferSource;
}

/** Opens an image. The `source` must not change meanwhile. */
export async function openSquashfs(
  core: Core,
  source: ByteSource,
  options: OpenOptions = {},
): Promise<Squashfs> {
  const image = await openImage(core, source);
  const { superblock } = image;
  const metadata = new Metadata(
    image,
    options.metadataCacheBytes ?? SQUASHFS_LIMITS.metadataCacheBytes,
  );
  const table = (at: number, count: number, recordSize: number) =>
    at === 0 || count === 0
      ? undefined
      : new LookupTable(image, metadata, { at, count, recordSize });
  const fragments = table(superblock.fragments, superblock.fragmentCount, 16);
  const exports = table(superblock.exports, superblock.inodeCount, 8);
  const ids = table(superblock.ids, superblock.idCount, 4)!;
  let end = superblock.directoryEnd;
  for (const each of [fragments, exports, ids]) {
    if (each) end = Math.min(end, await each.open());
  }
  const xattrs = await openXattrs(image, metadata);
  const owners = await readIds(ids, superblock.idCount);
  const inodes = new Inodes(image, metadata, { ids: owners, exports });
  const root = await inodes.at(superblock.root);
  if (root.kind !== "directory") {
    throw inodes.corrupt(root, "a root that is no directory");
  }
  const directories = new Directories(image, metadata, { inodes, end });
  const { workers } = options;
  const pool = workers === undefined
    ? undefined
    : await UnpackPool.start({ ...options, workers });
  const here: Unpacker = {
    unpack: (batch) =>
      Promise.resolve({ ...batch, sizes: unpackAll(core, batch) }),
  };
  const unpacker = pool ?? here;
  return new Squashfs({
    info: infoOf(image, { exportable: exports !== undefined, xattrs }),
    ...{ inodes, directories, xattrs },
    paths: new Paths(image, { inodes, directories, root }),
    files: new Files(image, metadata, inodes),
    data: new Data(image, {
      ...{ unpacker, fragments },
      cacheBytes: options.dataCacheBytes ?? SQUASHFS_LIMITS.dataCacheBytes,
    }),
    close: () => pool?.end(),
  });
}

function infoOf(
  { superblock }: Image,
  has: { exportable: boolean; xattrs: Xattrs | undefined },
): SquashfsInfo {
  return {
    sizeBytes: superblock.bytesUsed,
    blockSize: superblock.blockSize,
    compression: superblock.compression,
    inodeCount: superblock.inodeCount,
    fragmentCount: superblock.fragmentCount,
    idCount: superblock.idCount,
    mtimeSeconds: superblock.mtimeSeconds,
    exportable: has.exportable,
    hasXattrs: has.xattrs !== undefined,
  };
}

/** The superblock, and the options of the compressor. */
async function openImage(core: Core, source: ByteSource): Promise<Image> {
  const decoder = core.squashfs;
  const range = { offset: 0, length: SUPERBLOCK_SIZE };
  const bytes = await readExactly(source, range);
  const { record, context } = decoder.superblock(bytes, source.size);
  const image = { decoder, context, source, superblock: record };
  if (record.hasOptions) {
    const length = Math.min(record.inodes - SUPERBLOCK_SIZE, 16);
    const from = SUPERBLOCK_SIZE;
    const bytes = await readExactly(source, { offset: from, length });
    const stored: Window = { bytes, from };
    const options = decoder.metadata(stored, record.codec).bytes;
    decoder.options({ bytes: options, from }, record.compression);
  }
  return image;
}

/** The table of attributes, if there is one. */
async function openXattrs(
  image: Image,
  metadata: Metadata,
): Promise<Xattrs | undefined> {
  const { source, decoder, context, superblock } = image;
  if (superblock.xattrs === 0) return undefined;
  const from = superblock.xattrs;
  const range = { offset: from, length: 16 };
  const bytes = await readExactly(source, range);
  const { start, count } = decoder.xattrTable(context, { bytes, from });
  if (count === 0) return undefined;
  const options = { at: from + 16, count, recordSize: 16 };
  const ids = new LookupTable(image, metadata, options);
  const end = await ids.open();
  if (start >= end) {
    throw new CoreError("outOfBounds", "attributes after their table", from);
  }
  return new Xattrs(image, metadata, { ids, table: { start, end } });
}

/** All owners: at most 65,535. */
async function readIds(ids: LookupTable, count: number): Promise<Uint32Array> {
  const owners = new Uint32Array(count);
  for (let i = 0; i < count;) {
    const { bytes, at } = await ids.record(i);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let to = at; to + 4 <= bytes.length && i < count; to += 4) {
      owners[i++] = view.getUint32(to, true);
    }
  }
  return owners;
}
