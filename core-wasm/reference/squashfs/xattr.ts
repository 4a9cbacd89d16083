/**
 * Extended attributes. A table says for each set of them where its pairs are
 * (u64), how many (u32) and how large (u32); before its list of blocks are
 * where the pairs begin (u64) and the number of sets (u32, u32 unused).
 *
 *   pair: prefix u16, size u16, name, size u32, value; with 0x100 in the
 *   prefix the value is 8 bytes that say where size and value are.
 */
import { SQUASHFS_LIMITS } from "../../squashfs/types.ts";
import { type Cursor, type Image, viewOf } from "./image.ts";
import { decodeName } from "./name.ts";
import { NONE, referenceOf, refuse } from "./superblock.ts";

const PREFIXES = ["user.", "trusted.", "security."];
const ELSEWHERE = 0x100;
/** Of a name of one letter and a value of nothing. */
const PAIR_MIN = 9;
/** Names and values of one inode. */
const TOTAL_BYTES = 1 << 20;

interface Pairs {
  readonly start: number;
  readonly end: number;
}

async function valueOf(cursor: Cursor): Promise<Uint8Array> {
  const [size] = await cursor.numbers(4);
  if (size! > SQUASHFS_LIMITS.xattrValueBytes) {
    refuse("limit", `a value of ${size} bytes`, cursor.at);
  }
  return await cursor.take(size!);
}

async function pairOf(
  image: Image,
  cursor: Cursor,
  table: Pairs,
): Promise<[string, Uint8Array]> {
  const at = cursor.at;
  const [number, size] = await cursor.numbers(2, 2) as [number, number];
  const prefix = PREFIXES[number & ~ELSEWHERE] ??
    refuse("unsupported", `the prefix ${number} of an attribute`, at);
  if (size === 0 || prefix.length + size > 255) {
    refuse(size === 0 ? "corrupt" : "limit", `a name of ${size} bytes`, at);
  }
  const bytes = await cursor.take(size);
  if (bytes.includes(0)) refuse("corrupt", "a name with NUL", at);
  const name = prefix + decodeName(bytes);
  let from = cursor;
  if (number & ELSEWHERE) {
    const [eight] = await cursor.numbers(4);
    if (eight !== 8) refuse("corrupt", `a reference of ${eight} bytes`, at);
    const reference = referenceOf(await cursor.reference(), at);
    from = await image.cursor(table, reference);
  }
  return [name, await valueOf(from)];
}

/** Set `index` by name. */
export async function xattrsOf(
  image: Image,
  index: number,
): Promise<Map<string, Uint8Array>> {
  const { xattrTable } = image.superblock;
  const values = new Map<string, Uint8Array>();
  if (xattrTable === undefined || index === NONE) return values;
  const view = viewOf(await image.raw(xattrTable, 24));
  const start = view.getBigUint64(0, true);
  if (start > xattrTable) refuse("outOfBounds", `at ${start}`, xattrTable);
  if (index >= view.getUint32(8, true)) {
    refuse("outOfBounds", `attributes ${index}`, xattrTable);
  }
  image.checkRoom(xattrTable + 16, view.getUint32(8, true), 16);
  const record = await image.record(xattrTable + 16, index, 16);
  const reference = referenceOf(await record.reference(), record.at);
  const [count, size] = await record.numbers(4, 4) as [number, number];
  if (size > TOTAL_BYTES) refuse("limit", `${size} bytes`, record.at);
  if (count === 0 || count * PAIR_MIN > SQUASHFS_LIMITS.xattrListBytes) {
    refuse("corrupt", `${count} attributes`, record.at);
  }
  // The pairs end where the table begins.
  const end = Math.min(xattrTable, Number(view.getBigUint64(16, true)));
  const table = { start: Number(start), end };
  const cursor = await image.cursor(table, reference);
  let names = 0;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const [name, value] = await pairOf(image, cursor, table);
    if (values.has(name)) refuse("corrupt", `${name} twice`, cursor.at);
    values.set(name, value);
    names += name.length + 1;
    total += name.length + value.length;
    if (names > SQUASHFS_LIMITS.xattrListBytes || total > TOTAL_BYTES) {
      refuse("limit", "attributes", cursor.at);
    }
  }
  return values;
}
