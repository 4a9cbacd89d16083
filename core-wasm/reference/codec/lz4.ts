/** An LZ4 block, as lz4_Block_format.md describes it. */
import { corrupt, type Input, type Output } from "./bytes.ts";

/** A nibble, and if it is full, bytes until one is not. */
function sizeOf(nibble: number, input: Input): number {
  let size = nibble;
  let more = nibble === 15 ? 255 : 0;
  while (more === 255) {
    more = input.byte();
    size += more;
  }
  return size;
}

/** Sequences of literals and a match; the last one has no match. */
export function unlz4(input: Input, output: Output): void {
  while (true) {
    const token = input.byte();
    output.append(input.take(sizeOf(token >> 4, input)));
    if (input.left === 0) {
      if (token % 16 !== 0) corrupt("a match without a distance");
      return;
    }
    const distance = input.number(2);
    output.repeat(distance, sizeOf(token % 16, input) + 4);
  }
}
