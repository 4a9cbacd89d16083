/**
 * Records of a SquashFS image as lists of named fields. Each is shown to a
 * hook before it becomes bytes, and metadata is compressed after that: so a
 * wrong value reaches the parser that reads it.
 */

/** A little-endian number. */
export interface NumberField {
  readonly name: string;
  readonly size: 2 | 4 | 8;
  value: bigint;
}

/** Bytes of any length: names, targets, values, whole blocks. */
export interface BytesField {
  readonly name: string;
  readonly size: 0;
  bytes: Uint8Array;
}

/** A part of a record. */
export type Field = NumberField | BytesField;

/** What becomes bytes at once; `name` says which, as in "inode /etc". */
export interface ImageRecord {
  readonly name: string;
  readonly fields: readonly Field[];
}

/** Sees each record once, in the order of writing, and may change it. */
export type Hook = (record: ImageRecord) => void;

/** A field of two bytes. */
export function u16(name: string, value: number): NumberField {
  return { name, size: 2, value: BigInt(value) };
}

/** A field of four bytes. */
export function u32(name: string, value: number): NumberField {
  return { name, size: 4, value: BigInt(value) };
}

/** A field of eight bytes. */
export function u64(name: string, value: number | bigint): NumberField {
  return { name, size: 8, value: BigInt(value) };
}

/** A field of bytes. */
export function raw(name: string, bytes: Uint8Array): BytesField {
  return { name, size: 0, bytes };
}

/** The bytes of a record, after `hook` has seen it. */
export function serialize(record: ImageRecord, hook?: Hook): Uint8Array {
  hook?.(record);
  let size = 0;
  for (const field of record.fields) size += field.size || lengthOf(field);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const field of record.fields) {
    if (field.size === 0) bytes.set(field.bytes, at);
    else if (field.size === 2) view.setUint16(at, Number(low(field)), true);
    else if (field.size === 4) view.setUint32(at, Number(low(field)), true);
    else view.setBigUint64(at, low(field), true);
    at += field.size || lengthOf(field);
  }
  return bytes;
}

function lengthOf(field: Field): number {
  return field.size === 0 ? field.bytes.length : field.size;
}

function low({ size, value }: NumberField): bigint {
  return BigInt.asUintN(8 * size, value);
}

/** What to put where: names of records, of their fields, and the values. */
export type Changes = Readonly<
  Record<
    string,
    Readonly<Record<string, number | bigint | string | Uint8Array>>
  >
>;

/** A hook that makes `changes`; `done` says which were met. */
export function changing(changes: Changes, done = new Set<string>()): Hook {
  return ({ name, fields }) => {
    const own = changes[name];
    if (own === undefined) return;
    for (const field of fields) {
      const value = own[field.name];
      if (value === undefined) continue;
      done.add(`${name}: ${field.name}`);
      if (field.size !== 0) field.value = BigInt(value as number | bigint);
      else if (typeof value !== "string") field.bytes = value as Uint8Array;
      else field.bytes = new TextEncoder().encode(value);
    }
  };
}

/** {0, 1, max-1, max, sign bit}, of the two halves of 8 bytes as well. */
export function boundaries(size: 2 | 4 | 8): bigint[] {
  const bits = BigInt(8 * size);
  const max = (1n << bits) - 1n;
  const values = [0n, 1n, max - 1n, max, 1n << bits - 1n];
  return size === 8 ? [...values, 0xffff_ffffn, 1n << 32n, 1n << 53n] : values;
}
