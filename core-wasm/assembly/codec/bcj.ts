/**
 * The x86 filter of xz: before compression the relative targets of calls and
 * jumps (E8, E9) became absolute ones; this undoes it. Which bytes are taken
 * for an instruction depends on the opcodes just before, so the rules here are
 * those of the encoder to the letter.
 */

/** By which bytes before were opcodes: the byte of the target to look at. */
const LOOK_AT: usize = memory.data<u8>([0, 1, 2, 2, 3]);

/** The most significant byte of a target nearby. */
// @ts-ignore: decorator
@inline
function isSign(byte: u32): bool {
  return byte === 0 || byte === 255;
}

/** Turns the bytes from `from` up to `end`; the first is at `position`. */
export function unfilterX86(from: usize, end: usize, position: u32): void {
  /** Opcodes among the last bytes; above bit 3, whether a target was near. */
  let seen: u32 = 0;
  let last = from - 5;
  for (let at = from; at + 5 <= end;) {
    if ((load<u8>(at) & 0xfe) !== 0xe8) {
      at++;
      continue;
    }
    const far = at - last;
    last = at;
    if (far > 5) seen = 0;
    for (let i: usize = 0; i < far; i++) {
      if (seen === 0) break;
      seen = (seen & 0x77) << 1;
    }
    const high = <u32>load<u8>(at, 4);
    const before = seen >>> 1;
    if (!isSign(high) || before > 4 || before === 3) {
      seen |= isSign(high) ? 0x11 : 1;
      at++;
      continue;
    }
    let target = load<u32>(at, 1), to: u32 = 0;
    const next = position + <u32>(at - from) + 5;
    while (true) {
      to = target - next;
      if (seen === 0) break;
      const shift = <u32>load<u8>(LOOK_AT + before) << 3;
      if (!isSign((to >>> (24 - shift)) & 255)) break;
      target = to ^ (u32.MAX_VALUE >>> shift);
    }
    // Bit 24 is the sign of what is left.
    store<u32>(at, (to & 0xffffff) | (0 - ((to >>> 24) & 1)) << 24, 1);
    at += 5;
    seen = 0;
  }
}
