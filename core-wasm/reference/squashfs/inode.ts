/**
 * Inodes. All begin with: type u16, mode u16, uid and gid as indices u16,
 * time u32, number u32. Numbers 1 to 7 are the short forms, 8 to 14 the long.
 */
import {
  type InodeType,
  SQUASHFS_LIMITS,
  type SquashfsStat,
} from "../../squashfs/types.ts";
import type { Cursor, Image } from "./image.ts";
import { decodeName } from "./name.ts";
import { NONE, type Reference, referenceOf, refuse } from "./superblock.ts";

const TYPES: readonly InodeType[] = [
  "directory",
  "file",
  "symlink",
  "blockDevice",
  "charDevice",
  "fifo",
  "socket",
];

/** The type with this number, in the short form. */
export function typeOf(number: number, at: number): InodeType {
  return TYPES[number - 1] ?? refuse("corrupt", `inode type ${number}`, at);
}

/** Where the names of a directory are. */
export interface DirectoryPart {
  readonly names: Reference;
  /** Of the names, in bytes. */
  readonly size: number;
  readonly parent: number;
  readonly index: readonly IndexEntry[];
}

/** Where a later run of names begins. */
export interface IndexEntry {
  /** In bytes from the first name. */
  readonly position: number;
  readonly block: number;
  readonly name: Uint8Array;
}

/** Where the blocks of a file are. */
export interface FilePart {
  readonly start: number;
  readonly fragment: { index: number; offset: number } | undefined;
  readonly blockCount: number;
  /** Where the list of the sizes of its blocks is. */
  readonly sizes: Reference;
}

/** An inode, read. */
export interface Inode {
  readonly stat: SquashfsStat;
  readonly at: number;
  readonly directory?: DirectoryPart;
  readonly file?: FilePart;
  readonly xattr: number;
}

/** What the parts of the types add to what all inodes have. */
type Part = Partial<Omit<Inode, "stat" | "at">> & {
  readonly stat: Partial<SquashfsStat> & { linkCount: number };
};

/** The blocks of metadata with inodes. */
export function inodeTable({ superblock }: Image) {
  return { start: superblock.inodeTable, end: superblock.directoryTable };
}

/** Reads the inode at `reference`. */
export async function readInode(
  image: Image,
  reference: Reference,
): Promise<Inode> {
  const { inodeCount } = image.superblock;
  const cursor = await image.cursor(inodeTable(image), reference);
  const at = cursor.at;
  const [number, mode, uid, gid, mtimeSeconds, ino] = await cursor.numbers(
    ...[2, 2, 2, 2, 4, 4] as const,
  ) as [number, number, number, number, number, number];
  const long = number > 7;
  const type = typeOf(long ? number - 7 : number, at);
  if (mode > 0o7777) refuse("corrupt", `mode ${mode}`, at);
  if (ino === 0 || ino > inodeCount) refuse("outOfBounds", `inode ${ino}`, at);
  const ids = { uid: await idOf(image, uid), gid: await idOf(image, gid) };
  const part = await PARTS[type](cursor, { image, long, type });
  return {
    xattr: NONE,
    ...part,
    at,
    stat: {
      ...{ ino, type, mode, ...ids, mtimeSeconds },
      ...{ sizeBytes: 0, sparseBytes: 0 },
      ...part.stat,
    },
  };
}

async function idOf(image: Image, index: number): Promise<number> {
  const { idCount, idTable } = image.superblock;
  if (index >= idCount) refuse("outOfBounds", `id ${index}`, idTable);
  const [id] = await (await image.record(idTable, index, 4)).numbers(4);
  return id!;
}

interface Form {
  readonly image: Image;
  readonly long: boolean;
  readonly type: InodeType;
}

async function directoryPart(cursor: Cursor, { long }: Form): Promise<Part> {
  let fields: number[];
  if (long) {
    fields = await cursor.numbers(4, 4, 4, 4, 2, 2, 4);
  } else {
    const short = await cursor.numbers(4, 4, 2, 2, 4);
    const [block, links, size, offset, parent] = short;
    fields = [links!, size!, block!, parent!, 0, offset!, NONE];
  }
  const [linkCount, size, block, parent, count, offset, xattr] = fields as [
    ...[number, number, number, number, number, number, number],
  ];
  const index: IndexEntry[] = [];
  for (let i = 0; i < count; i++) {
    const [position, at, last] = await cursor.numbers(4, 4, 4);
    if (last! + 1 > SQUASHFS_LIMITS.nameBytes) {
      refuse("limit", `a name of ${last! + 1} bytes`, cursor.at);
    }
    const name = await cursor.take(last! + 1);
    index.push({ position: position!, block: at!, name });
  }
  // As if it had "." and "..", which take three bytes.
  // Nothing at all is an empty directory for Linux too.
  if (size === 1 || size === 2) refuse("corrupt", `size ${size}`, cursor.at);
  const names = { block, offset };
  const directory = { names, size: Math.max(0, size - 3), parent, index };
  return { directory, xattr, stat: { linkCount } };
}

async function filePart(cursor: Cursor, form: Form): Promise<Part> {
  const { image: { superblock }, long } = form;
  const at = cursor.at;
  let fields: number[];
  if (long) {
    fields = await cursor.numbers(8, 8, 8, 4, 4, 4, 4);
  } else {
    const [start, fragment, offset, size] = await cursor.numbers(4, 4, 4, 4);
    fields = [start!, size!, 0, 1, fragment!, offset!, NONE];
  }
  const [start, sizeBytes, sparseBytes, linkCount, index, offset, xattr] =
    fields as [number, number, number, number, number, number, number];
  if (sizeBytes === Infinity) refuse("limit", "a file beyond 2 ** 53", at);
  const whole = Math.floor(sizeBytes / superblock.blockSize);
  const tail = sizeBytes % superblock.blockSize;
  const blockCount = index === NONE && tail > 0 ? whole + 1 : whole;
  if (index !== NONE && index >= superblock.fragmentCount) {
    refuse("outOfBounds", `fragment ${index}`, at);
  }
  if (index !== NONE && (tail === 0 || offset + tail > superblock.blockSize)) {
    refuse("corrupt", `byte ${offset} of a fragment`, at);
  }
  if (sparseBytes > sizeBytes) {
    refuse("corrupt", `holes of ${sparseBytes} bytes`, at);
  }
  if (start === Infinity || blockCount > 0 && start > superblock.sizeBytes) {
    refuse("outOfBounds", `a file at ${start}`, at);
  }
  // Three bytes of the file can be a block of the table, or a part of one.
  const room = Math.ceil((superblock.directoryTable - at) / 3) * 8192;
  if (blockCount * 4 > room) {
    refuse("outOfBounds", `a list of ${blockCount} blocks`, at);
  }
  const sizes = blockCount > 0
    ? await cursor.place()
    : { block: at, offset: 0 };
  return {
    file: {
      start,
      blockCount,
      fragment: index === NONE ? undefined : { index, offset },
      sizes: { ...sizes, block: sizes.block - superblock.inodeTable },
    },
    xattr,
    stat: { linkCount, sizeBytes, sparseBytes },
  };
}

async function symlinkPart(cursor: Cursor, { long }: Form): Promise<Part> {
  const [linkCount, size] = await cursor.numbers(4, 4) as [number, number];
  if (size === 0) refuse("corrupt", "a link to nothing", cursor.at);
  if (size > SQUASHFS_LIMITS.targetBytes) {
    refuse("limit", `a target of ${size} bytes`, cursor.at);
  }
  const bytes = await cursor.take(size);
  if (bytes.includes(0)) refuse("corrupt", "a target with NUL", cursor.at);
  const [xattr] = long ? await cursor.numbers(4) : [NONE];
  const target = decodeName(bytes);
  return { xattr: xattr!, stat: { linkCount, sizeBytes: size, target } };
}

async function devicePart(cursor: Cursor, { long }: Form): Promise<Part> {
  const [linkCount, packed] = await cursor.numbers(4, 4) as [number, number];
  const [xattr] = long ? await cursor.numbers(4) : [NONE];
  const device = {
    major: packed >>> 8 & 0xfff,
    minor: packed & 0xff | packed >>> 12 & 0xfff00,
  };
  return { xattr: xattr!, stat: { linkCount, device } };
}

async function plainPart(cursor: Cursor, { long }: Form): Promise<Part> {
  const [linkCount] = await cursor.numbers(4);
  const [xattr] = long ? await cursor.numbers(4) : [NONE];
  return { xattr: xattr!, stat: { linkCount: linkCount! } };
}

const PARTS: Readonly<
  Record<InodeType, (cursor: Cursor, form: Form) => Promise<Part>>
> = {
  directory: directoryPart,
  file: filePart,
  symlink: symlinkPart,
  blockDevice: devicePart,
  charDevice: devicePart,
  fifo: plainPart,
  socket: plainPart,
};

/** The inode that the export table has for a number. */
export async function exportedInode(image: Image, ino: number): Promise<Inode> {
  const { exportTable, inodeCount } = image.superblock;
  if (exportTable === undefined) refuse("unsupported", "no export table", 24);
  if (!Number.isInteger(ino) || ino < 1 || ino > inodeCount) {
    refuse("outOfBounds", `inode ${ino}`, exportTable);
  }
  const record = await image.record(exportTable, ino - 1, 8);
  const reference = referenceOf(await record.reference(), record.at);
  const inode = await readInode(image, reference);
  if (inode.stat.ino !== ino) {
    refuse("corrupt", `inode ${inode.stat.ino} for ${ino}`, record.at);
  }
  return inode;
}
