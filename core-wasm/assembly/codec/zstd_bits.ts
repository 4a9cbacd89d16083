/**
 * Streams of bits that are read from their end backwards, as Huffman and FSE
 * streams of Zstandard are. A place is one number, an address in bits:
 *
 *   start                place + 65 (exclusive)
 *   | still to be read   | read, end mark, zeros |
 *
 * so that one load and one shift give the next 57 bits or more, highest first.
 * A reader may run over the start: it then gets bits of what is there in
 * memory, and whoever reads refuses the stream because the place is wrong.
 */

const FAR: usize = 65;

/** The place of a stream that was read to its last bit. */
// @ts-ignore: decorator
@inline
export function placeOfStart(start: usize): usize {
  return (start << 3) - FAR;
}

/** The place before the first bit; 0 for a stream without an end mark. */
export function placeOfEnd(start: usize, end: usize): usize {
  if (start >= end) return 0;
  const last = <u32>load<u8>(end - 1);
  if (last === 0) return 0;
  return (end << 3) - (clz<u32>(last) - 23) - FAR;
}

/** The bits before `place`, the next one highest; at least 57 are good. */
// @ts-ignore: decorator
@inline
export function bitsAt(place: usize): u64 {
  return load<u64>(place >> 3, 1) << (~place & 7);
}

/** The first `n` of `bits`, 0 to 63. */
// @ts-ignore: decorator
@inline
export function first(bits: u64, n: u64): u64 {
  // Shifts are modulo 64, so this is (bits >> 1) >> (63 - n).
  return (bits >> 1) >> ~n;
}
