/** LZO1X, as Documentation/staging/lzo.rst of the kernel describes it. */
import { CoreError } from "../../errors.ts";
import { corrupt, type Input, type Output } from "./bytes.ts";

/** `low`; if it is 0, `most` and zeros of 255 each and a last byte. */
function sizeOf(low: number, most: number, input: Input): number {
  if (low > 0) return low;
  let size = most;
  let byte = input.byte();
  for (; byte === 0; byte = input.byte()) size += 255;
  return size + byte;
}

interface Match {
  readonly distance: number;
  readonly length: number;
  /** Literals that follow it, 0 to 3. */
  readonly literals: number;
}

/** A match of the instruction `code`; the end of the stream is none. */
function matchOf(code: number, before: number, input: Input): Match | null {
  if (code >= 64) {
    const distance = input.byte() * 8 + (code >> 2) % 8 + 1;
    return { distance, length: (code >> 5) + 1, literals: code % 4 };
  }
  if (code >= 32) {
    const length = sizeOf(code % 32, 31, input) + 2;
    const rest = input.number(2);
    return { distance: (rest >> 2) + 1, length, literals: rest % 4 };
  }
  if (code >= 16) {
    const length = sizeOf(code % 8, 7, input) + 2;
    const rest = input.number(2);
    const distance = 16_384 + (code & 8 ? 16_384 : 0) + (rest >> 2);
    if (distance !== 16_384) return { distance, length, literals: rest % 4 };
    if (length !== 3) corrupt("an end of another length");
    return null;
  }
  const distance = input.byte() * 4 + (code >> 2) + 1;
  return before === 4
    ? { distance: distance + 2048, length: 3, literals: code % 4 }
    : { distance, length: 2, literals: code % 4 };
}

/** Instructions up to the end of the stream. */
export function unlzo(input: Input, output: Output): void {
  /** Literals of the instruction before, 4 for a long run of them. */
  let before = 0;
  const first = input.bytes[0] ?? input.byte();
  if (first === 17 && input.bytes.length >= 5) {
    throw new CoreError("unsupported", "a later bitstream of LZO", 0);
  }
  if (first > 17) {
    before = Math.min(4, input.byte() - 17);
    output.append(input.take(first - 17));
  }
  while (true) {
    const code = input.byte();
    if (code < 16 && before === 0) {
      output.append(input.take(sizeOf(code, 15, input) + 3));
      before = 4;
      continue;
    }
    const match = matchOf(code, before, input);
    if (!match) return input.end();
    output.repeat(match.distance, match.length);
    output.append(input.take(match.literals));
    before = match.literals;
  }
}
