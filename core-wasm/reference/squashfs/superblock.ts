/**
 * The superblock, 96 bytes, little-endian, and the options after it:
 *
 *   0 magic  4 inodes  8 time  12 block size  16 fragments  20 compression u16
 *   22 log of the block size u16  24 flags u16  26 ids u16  28 version u16 u16
 *   32 root u64  40 bytes used u64  then u64: 48 ids  56 xattrs  64 inodes
 *   72 directories  80 fragments  88 export
 */
import { CoreError, type CoreProblemKind } from "../../errors.ts";
import { type ByteSource, readExactly } from "../../source.ts";
import {
  type Compression,
  COMPRESSIONS,
  type SquashfsInfo,
} from "../../squashfs/types.ts";

const SIZE = 96;
const MAGIC = 0x73717368;
const BLOCK_SIZE_MIN = 4096;
const BLOCK_SIZE_MAX = 1 << 20;
const FLAG_EXPORTABLE = 0x80;
const FLAG_OPTIONS = 0x400;
const FLAGS_MAX = 0xfff;

/** An inode or a table that is not there. */
export const NONE = 0xffffffff;

/** What the superblock says, and where the tables are. */
export interface Superblock extends SquashfsInfo {
  readonly root: Reference;
  readonly inodeTable: number;
  readonly directoryTable: number;
  readonly fragmentTable: number;
  readonly idTable: number;
  readonly xattrTable: number | undefined;
  readonly exportTable: number | undefined;
  readonly hasOptions: boolean;
}

/** A place in a table: a block, from the start of the table; a byte in it. */
export interface Reference {
  readonly block: number;
  readonly offset: number;
}

/** Ends with `kind`. */
export function refuse(
  kind: CoreProblemKind,
  what: string,
  at: number,
): never {
  throw new CoreError(kind, what, at);
}

/** The two parts of a reference. */
export function referenceOf(packed: bigint, at: number): Reference {
  const offset = Number(packed & 0xffffn);
  if (packed >> 48n !== 0n) refuse("outOfBounds", `reference ${packed}`, at);
  return { block: Number(packed >> 16n), offset };
}

/** Reads and checks all that can be checked without the tables. */
export async function readSuperblock(source: ByteSource): Promise<Superblock> {
  const bytes = await readExactly(source, { offset: 0, length: SIZE });
  const view = new DataView(bytes.buffer, bytes.byteOffset, SIZE);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  if (u32(0) !== MAGIC) refuse("badMagic", "not a SquashFS", 0);
  if (u16(28) !== 4 || u16(30) !== 0) {
    refuse("unsupported", `version ${u16(28)}.${u16(30)}`, 28);
  }
  const compression = compressionOf(u16(20));
  if (u16(24) > FLAGS_MAX) refuse("unsupported", `flags ${u16(24)}`, 24);
  const blockSize = u32(12);
  if (
    blockSize < BLOCK_SIZE_MIN || blockSize > BLOCK_SIZE_MAX ||
    blockSize !== 2 ** u16(22)
  ) {
    refuse("corrupt", `block size ${blockSize}, 2 ** ${u16(22)}`, 12);
  }
  if (u32(4) === 0) refuse("corrupt", "no inodes", 4);
  if (u16(26) === 0) refuse("corrupt", "no ids", 26);
  const used = view.getBigUint64(40, true);
  if (used < SIZE || used > source.size) {
    refuse("outOfBounds", `${used} bytes of ${source.size}`, 40);
  }
  const tables = placesOf(view, Number(used));
  return {
    ...{ sizeBytes: Number(used), blockSize, compression },
    ...{ inodeCount: u32(4), fragmentCount: u32(16), idCount: u16(26) },
    mtimeSeconds: u32(8),
    exportable: tables.exportTable !== undefined,
    hasXattrs: tables.xattrTable !== undefined,
    root: referenceOf(view.getBigUint64(32, true), 32),
    ...tables,
    hasOptions: (u16(24) & FLAG_OPTIONS) !== 0,
  };
}

/** Where the tables are: those that must be there, and those that may be. */
function placesOf(view: DataView, used: number) {
  const place = (at: number): number | undefined => {
    const start = view.getBigUint64(at, true);
    if (start === 0xffff_ffff_ffff_ffffn) return undefined;
    if (start < SIZE || start > used) {
      refuse("outOfBounds", `table at ${start}`, at);
    }
    return Number(start);
  };
  const needed = (at: number): number =>
    place(at) ?? refuse("outOfBounds", "no table", at);
  const exportable = (view.getUint16(24, true) & FLAG_EXPORTABLE) !== 0;
  const tables = {
    inodeTable: needed(64),
    directoryTable: needed(72),
    fragmentTable: view.getUint32(16, true) > 0 ? needed(80) : 0,
    exportTable: exportable ? place(88) : undefined,
    idTable: needed(48),
    xattrTable: place(56),
  };
  if (tables.inodeTable >= tables.directoryTable) {
    refuse("outOfBounds", "directories before inodes", 72);
  }
  return tables;
}

function compressionOf(number: number): Compression {
  const name = COMPRESSIONS[number as keyof typeof COMPRESSIONS];
  return name ?? refuse("unsupported", `compression ${number}`, 20);
}
