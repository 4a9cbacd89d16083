/**
 * The names of a directory, in runs: count - 1 u32, block of their inodes u32,
 * number of an inode u32; then each: offset of the inode u16, difference to
 * the number i16, type u16, size of the name - 1 u16, name.
 */
import { SQUASHFS_LIMITS, type SquashfsEntry } from "../../squashfs/types.ts";
import type { Cursor, Image } from "./image.ts";
import { type DirectoryPart, type Inode, readInode, typeOf } from "./inode.ts";
import { compareBytes, decodeName } from "./name.ts";
import { type Reference, refuse } from "./superblock.ts";

const RUN_MAX = 256;

/** A name, and where its inode is. */
export interface NamedInode extends SquashfsEntry {
  readonly bytes: Uint8Array;
  readonly inode: Reference;
}

/** Throws unless a directory can have this name. */
function checkName(name: Uint8Array, at: number): void {
  const text = decodeName(name);
  if (text === "." || text === ".." || /[/\0]/.test(text)) {
    refuse("corrupt", `a name "${text}"`, at);
  }
}

async function entryOf(
  cursor: Cursor,
  run: { block: number; ino: number; inodeCount: number },
): Promise<NamedInode> {
  const at = cursor.at;
  const [offset, difference, number, last] = await cursor.numbers(2, 2, 2, 2);
  if (last! + 1 > SQUASHFS_LIMITS.nameBytes) {
    refuse("limit", `a name of ${last! + 1} bytes`, at);
  }
  const bytes = await cursor.take(last! + 1);
  checkName(bytes, at);
  const ino = run.ino + (difference! << 16 >> 16);
  if (ino < 1 || ino > run.inodeCount) {
    refuse("outOfBounds", `inode ${ino}`, at);
  }
  const inode = { block: run.block, offset: offset! };
  return {
    ...{ name: decodeName(bytes), bytes, ino, inode },
    type: typeOf(number!, at),
  };
}

/** Whether the index says the truth about a run that begins with `first`. */
function checkIndex(
  { index }: DirectoryPart,
  seen: number,
  run: { position: number; block: number; first: Uint8Array },
): number {
  const next = index[seen];
  if (!next || next.position > run.position) return seen;
  if (
    next.position !== run.position || next.block !== run.block ||
    compareBytes(next.name, run.first) !== 0
  ) {
    refuse("corrupt", "an index that contradicts the names", run.block);
  }
  return seen + 1;
}

/** All names, in their order. */
export async function* entriesOf(
  image: Image,
  directory: DirectoryPart,
): AsyncIterableIterator<NamedInode> {
  const { inodeCount, directoryTable, sizeBytes } = image.superblock;
  if (directory.size === 0) return;
  const table = { start: directoryTable, end: sizeBytes };
  const cursor = await image.cursor(table, directory.names);
  let left = directory.size;
  let indexed = 0;
  let before: Uint8Array | undefined;
  while (left > 0) {
    const position = directory.size - left;
    const place = await cursor.place();
    if (left < 12) refuse("corrupt", `${left} bytes of a run`, place.block);
    const [last, block, ino] = await cursor.numbers(4, 4, 4);
    left -= 12;
    if (last! + 1 > RUN_MAX) {
      refuse("corrupt", `a run of ${last! + 1}`, place.block);
    }
    for (let i = 0; i <= last!; i++) {
      const run = { block: block!, ino: ino!, inodeCount };
      const entry = await entryOf(cursor, run);
      left -= 8 + entry.bytes.length;
      if (left < 0) refuse("corrupt", "names past the end", cursor.at);
      if (before && compareBytes(before, entry.bytes) >= 0) {
        refuse("corrupt", `"${entry.name}" out of order`, cursor.at);
      }
      before = entry.bytes;
      if (i === 0) {
        const at = place.block - directoryTable;
        const start = { position, block: at, first: entry.bytes };
        indexed = checkIndex(directory, indexed, start);
      }
      yield entry;
    }
  }
  if (indexed < directory.index.length) {
    refuse("corrupt", "an index past the names", cursor.at);
  }
}

/** The inode of a name in `parent`, which must be what the name says. */
export async function childOf(
  image: Image,
  parent: Inode,
  entry: NamedInode,
): Promise<Inode> {
  const inode = await readInode(image, entry.inode);
  const { stat, directory, at } = inode;
  if (stat.ino !== entry.ino || stat.type !== entry.type) {
    refuse("corrupt", `"${entry.name}" is another inode`, at);
  }
  if (directory && directory.parent !== parent.stat.ino) {
    refuse("corrupt", `"${entry.name}" is in another directory`, at);
  }
  return inode;
}
