/**
 * Copies of the decompressors. `memory.copy` is a call, which costs more than
 * most copies do; these overshoot by less than 16 bytes instead, into what is
 * written later or the slack behind a buffer.
 */

const CALL_WORTH: usize = 96;

/** Copies bytes that are elsewhere. */
// @ts-ignore: decorator
@inline
export function copyLiterals(to: usize, from: usize, size: usize): void {
  v128.store(to, v128.load(from));
  if (size <= 16) return;
  if (size > CALL_WORTH) {
    memory.copy(to, from, size);
    return;
  }
  for (let i: usize = 16; i < size; i += 16) {
    v128.store(to + i, v128.load(from + i));
  }
}

/** Repeats the bytes that are `distance` before `to`. */
// @ts-ignore: decorator
@inline
export function copyMatch(to: usize, distance: usize, size: usize): void {
  if (distance >= 16) {
    const from = to - distance;
    for (let i: usize = 0; i < size; i += 16) {
      v128.store(to + i, v128.load(from + i));
    }
  } else {
    copyNear(to, distance, size);
  }
}

/** A distance below 16: byte by byte until whole periods are 8 bytes apart. */
function copyNear(to: usize, distance: usize, size: usize): void {
  const end = to + size;
  let apart = distance;
  while (apart < 8) apart += distance;
  const even = min<usize>(end, to + apart - distance);
  for (; to < even; to++) store<u8>(to, load<u8>(to - distance));
  for (; to < end; to += 8) store<u64>(to, load<u64>(to - apart));
}
