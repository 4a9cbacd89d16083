/**
 * The x86 filter of xz, backwards: what compressing made absolute in CALL and
 * JMP becomes relative again.
 */

/** The high byte of an operand that is worth the trouble. */
function isNear(byte: number): boolean {
  return byte === 0 || byte === 0xff;
}

/** What the operand at `at` was; `distance` is to an opcode just before, or 0. */
function relative(absolute: number, end: number, distance: number): number {
  let from = absolute;
  while (true) {
    const to = (from - end) >>> 0;
    const bits = 32 - 8 * distance;
    if (distance === 0 || !isNear(to >>> bits - 8 & 0xff)) return to;
    from = (to ^ (2 ** bits - 1)) >>> 0;
  }
}

/** Changes `bytes`, which begin at `start`, in place. */
export function unfilterX86(bytes: Uint8Array, start: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  /** Opcodes that were left alone 1, 2 and 3 bytes before, as bits 0 to 2. */
  let before = 0;
  for (let at = 0; at + 5 <= bytes.length; at++) {
    if ((bytes[at]! & 0xfe) !== 0xe8) {
      before = before << 1 & 7;
      continue;
    }
    const distance = [0, 1, 2, -1, 3, -1, -1, -1][before]!;
    const ambiguous = distance < 0 ||
      distance > 0 && isNear(bytes[at + 4 - distance]!);
    if (ambiguous || !isNear(bytes[at + 4]!)) {
      before = (before << 1 | 1) & 7;
      continue;
    }
    const operand = view.getUint32(at + 1, true);
    const to = relative(operand, start + at + 5, distance);
    // 25 bits, the highest of them is the sign.
    view.setInt32(at + 1, to << 7 >> 7, true);
    at += 4;
    before = 0;
  }
}
