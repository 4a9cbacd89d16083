/**
 * Bytes for C: strings, structs, and the only addresses that we ever compute
 * (the argument vectors of execve).
 */
import { ERRNO, SysError } from "./errno.ts";

const encoder = new TextEncoder();

/**
 * `text` with the zero byte that ends it.
 *
 * @throws {SysError} EINVAL when `text` has a zero byte inside: C would see
 * another, shorter string.
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new SysError(
      { syscall: "string", errno: ERRNO.EINVAL },
      "pass a string with a zero byte",
    );
  }
  return encoder.encode(`${text}\0`);
}

/** A view of `bytes` for fields of structs, little-endian on all our machines. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A NULL-terminated `char *const[]`; keep it until the call is over. */
export class StringVector {
  /** The addresses, to pass as a buffer. */
  readonly addresses: BigUint64Array<ArrayBuffer>;
  // Referenced as long as the vector is, so that the addresses stay good.
  readonly #strings: readonly Uint8Array<ArrayBuffer>[];

  constructor(texts: readonly string[]) {
    this.#strings = texts.map(cString);
    this.addresses = new BigUint64Array(texts.length + 1);
    this.#strings.forEach((string, i) => {
      const pointer = Deno.UnsafePointer.of(string);
      this.addresses[i] = BigInt(Deno.UnsafePointer.value(pointer));
    });
  }

  /** How many strings it holds. */
  get length(): number {
    return this.#strings.length;
  }
}
