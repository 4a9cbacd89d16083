/**
 * LZO1X, as kernel Documentation/staging/lzo.rst describes its instructions.
 * A stream ends with the instruction 11 00 00.
 *
 *   0000LLLL            literals, or after literals a short match (state)
 *   0001HLLL  D 16      match, distance 16384 to 49151
 *   001LLLLL  D 16      match, distance up to 16384
 *   01LDDDSS to 1LLDDDSS, D 8   match of 3 to 8 bytes, distance up to 2048
 *
 * The low two bits of a distance, or of a short match, say how many literals
 * follow the match.
 */
import { copyLiterals, copyMatch } from "./copy";
import { CODEC_IN, CODEC_OUT } from "../memory";
import { CORRUPT, TOO_LARGE, TRUNCATED, UNSUPPORTED } from "../errors";

/** What came before: 0 to 3 literals after a match, or a run of literals. */
const AFTER_RUN: u32 = 4;

/** Where a long size ends; a value of its own costs less than a record. */
let after: usize = 0;

/** Zeros of 255 each and a last byte, added to `base`; 0 at the end. */
function longSize(base: usize, at: usize, end: usize): usize {
  let size = base;
  while (at < end) {
    const more = load<u8>(at++);
    if (more !== 0) {
      after = at;
      return size + more;
    }
    size += 255;
  }
  return 0;
}

/** Returns the size of the output. */
export function lzo(size: u32, capacity: u32): i32 {
  // Locals: they are in registers.
  let at = CODEC_IN, out = CODEC_OUT;
  const end = at + size, limit = out + capacity;
  let state: u32 = 0;
  if (size === 0) return TRUNCATED;
  const first = load<u8>(at);
  // A later bitstream begins like this.
  if (first === 17 && size >= 5) return UNSUPPORTED;
  if (first > 17) {
    at++;
    const run = <usize>first - 17;
    if (run > end - at) return TRUNCATED;
    if (run > limit - out) return TOO_LARGE;
    copyLiterals(out, at, run);
    at += run;
    out += run;
    state = min<u32>(<u32>run, AFTER_RUN);
  }
  while (at < end) {
    const token = <u32>load<u8>(at++);
    let distance: usize, length: usize, next: u32 = token & 3;
    if (token < 16 && state === 0) {
      let run = <usize>token;
      if (token === 0) {
        run = longSize(15, at, end);
        if (run === 0) return TRUNCATED;
        at = after;
      }
      run += 3;
      if (run > end - at) return TRUNCATED;
      if (run > limit - out) return TOO_LARGE;
      copyLiterals(out, at, run);
      at += run;
      out += run;
      state = AFTER_RUN;
      continue;
    }
    if (token < 16 || token >= 64) {
      if (at === end) return TRUNCATED;
      const more = <usize>load<u8>(at++);
      if (token >= 64) {
        distance = 1 + ((token >> 2) & 7) + (more << 3);
        length = (token >> 5) + 1;
      } else {
        const run = state === AFTER_RUN;
        distance = (run ? 2049 : 1) + (token >> 2) + (more << 2);
        length = run ? 3 : 2;
      }
    } else {
      const mask: u32 = token >= 32 ? 31 : 7;
      length = token & mask;
      if (length === 0) {
        length = longSize(mask, at, end);
        if (length === 0) return TRUNCATED;
        at = after;
      }
      length += 2;
      if (end - at < 2) return TRUNCATED;
      const far = <u32>load<u16>(at);
      at += 2;
      next = far & 3;
      distance = far >> 2;
      if (token >= 32) {
        distance += 1;
      } else {
        distance += (token & 8) << 11;
        if (distance === 0) {
          return length === 3 && at === end ? <i32>(out - CODEC_OUT) : CORRUPT;
        }
        distance += 16384;
      }
    }
    if (distance > out - CODEC_OUT) return CORRUPT;
    if (length > limit - out) return TOO_LARGE;
    copyMatch(out, distance, length);
    out += length;
    if (<usize>next > end - at) return TRUNCATED;
    if (<usize>next > limit - out) return TOO_LARGE;
    // At most three: four are within the slack.
    store<u32>(out, load<u32>(at));
    at += next;
    out += next;
    state = next;
  }
  return TRUNCATED;
}
