/** LZMA2: chunks of LZMA, or of bytes as they are. */
import { corrupt, type Input, type Output } from "./bytes.ts";
import { Lzma } from "./lzma.ts";

/** Chunks up to the end. */
export function unlzma2(input: Input, output: Output): void {
  let lzma: Lzma | undefined;
  /** What must be reset before anything else. */
  let needs: "dictionary" | "properties" | "state" | "nothing" = "dictionary";
  let start = output.size;
  while (true) {
    const control = input.byte();
    if (control === 0) return;
    if (control === 1 || control >= 0xe0) {
      start = output.size;
      needs = "properties";
    }
    if (needs === "dictionary") corrupt("no dictionary to begin with");
    if (control < 0x80) {
      if (control > 2) corrupt(`a chunk of kind ${control}`);
      output.append(input.take(bigEndian(input) + 1));
      continue;
    }
    const size = (control & 31) * 65_536 + bigEndian(input) + 1;
    const packed = bigEndian(input) + 1;
    const reset = control >> 5 & 3;
    if (reset >= 2) {
      lzma = new Lzma(input.byte());
      needs = "nothing";
    } else if (needs === "properties") corrupt("no properties");
    else if (reset === 1) lzma!.reset();
    const chunk = input.part(packed);
    output.expect(size);
    lzma!.decode(chunk, output, { start, size });
    chunk.end();
  }
}

function bigEndian(input: Input): number {
  return input.byte() * 256 + input.byte();
}
