/** An LZ4 block (lz4_Block_format.md), without the frame around it. */
import { copyLiterals, copyMatch } from "./copy";
import { CODEC_IN, CODEC_OUT } from "../memory";
import { CORRUPT, TOO_LARGE, TRUNCATED } from "../errors";

const MATCH_MIN: usize = 4;

/** Where {@linkcode longSize} stopped; 0 when the input ended. */
let after: usize = 0;

/** Bytes of 255 and a last one, added to 15. */
function longSize(at: usize, end: usize): usize {
  let size: usize = 15;
  while (at < end) {
    const more = load<u8>(at++);
    size += more;
    if (more < 255) {
      after = at;
      return size;
    }
  }
  after = 0;
  return 0;
}

/** Returns the size of the output. */
export function lz4(size: u32, capacity: u32): i32 {
  let at = CODEC_IN, out = CODEC_OUT;
  const end = at + size, limit = out + capacity;
  while (at < end) {
    const token = <usize>load<u8>(at++);
    let literals = token >> 4;
    if (literals === 15) {
      literals = longSize(at, end);
      at = after;
      if (at === 0) return TRUNCATED;
    }
    if (literals > end - at) return TRUNCATED;
    if (literals > limit - out) return TOO_LARGE;
    copyLiterals(out, at, literals);
    at += literals;
    out += literals;
    // The last sequence has no match.
    if (at === end) return token & 15 ? CORRUPT : <i32>(out - CODEC_OUT);
    if (end - at < 2) return TRUNCATED;
    const distance = <usize>load<u16>(at);
    at += 2;
    let length = token & 15;
    if (length === 15) {
      length = longSize(at, end);
      at = after;
      if (at === 0) return TRUNCATED;
    }
    length += MATCH_MIN;
    if (distance === 0 || distance > out - CODEC_OUT) return CORRUPT;
    if (length > limit - out) return TOO_LARGE;
    copyMatch(out, distance, length);
    out += length;
  }
  // A block ends with literals, so there is at least a token.
  return TRUNCATED;
}
