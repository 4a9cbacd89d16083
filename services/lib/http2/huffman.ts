/**
 * The Huffman code of HPACK (RFC 7541 section 5.2, appendix B). The code is
 * canonical, so the lengths say everything; decoding walks four bits at a
 * time through a table that is made from them at load.
 */

/** Code length in bits of each octet, 0 to 255, and of EOS. */
const LENGTHS = [
  [13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  [28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  [6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
  [5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  [13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  [7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  [15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
  [6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  [20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  [24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  [22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  [21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  [26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  [19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  [20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  [26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  [30],
].flat();

const EOS = 256;

/** The code of each symbol, by length and then by symbol. */
const CODES: readonly number[] = (() => {
  const codes: number[] = new Array(LENGTHS.length);
  const order = LENGTHS.map((_, symbol) => symbol)
    .sort((a, b) => LENGTHS[a]! - LENGTHS[b]! || a - b);
  let code = 0;
  let length = LENGTHS[order[0]!]!;
  for (const symbol of order) {
    code <<= LENGTHS[symbol]! - length;
    length = LENGTHS[symbol]!;
    codes[symbol] = code++;
  }
  return codes;
})();

/*
 * Table entry, at node * 16 + nibble:
 *   bits 0-8 next node | 9-16 octet | 17 an octet comes out | 18 not a code
 */
const EMITS = 1 << 17;
const FAILS = 1 << 18;

/** Nodes where the code may end: the root and up to seven ones from it. */
const ACCEPTED = new Set<number>([0]);

const TABLE: Uint32Array = (() => {
  // children[node * 2 + bit]: a node, or ~symbol of a leaf.
  const children: number[] = [0, 0];
  const addNode = () => {
    children.push(0, 0);
    return children.length / 2 - 1;
  };
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let node = 0;
    for (let bit = LENGTHS[symbol]! - 1; bit >= 0; bit--) {
      const at = node * 2 + ((CODES[symbol]! >>> bit) & 1);
      if (bit === 0) children[at] = ~symbol;
      else node = children[at] ||= addNode();
    }
  }
  for (let node = 0, ones = 1; ones <= 7; ones++) {
    node = children[node * 2 + 1]!;
    ACCEPTED.add(node);
  }
  const table = new Uint32Array(children.length / 2 * 16);
  for (let start = 0; start < children.length / 2; start++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      table[start * 16 + nibble] = walk(children, start, nibble);
    }
  }
  return table;
})();

function walk(children: number[], start: number, nibble: number): number {
  let node = start;
  let out = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = children[node * 2 + ((nibble >> bit) & 1)]!;
    if (next >= 0) {
      node = next;
      continue;
    }
    // EOS in the middle is an error (section 5.2).
    if (~next === EOS) return FAILS;
    // The shortest code has five bits: at most one octet a nibble.
    out = EMITS | (~next << 9);
    node = 0;
  }
  return node | out;
}

/**
 * Decodes `bytes[from..to)` into `out` from its start.
 *
 * @returns the number of octets, or -1 when it is no valid code or `out` is
 * too small.
 */
export function huffmanDecode(
  bytes: Uint8Array,
  range: { from: number; to: number },
  out: Uint8Array,
): number {
  let node = 0;
  let length = 0;
  for (let i = range.from; i < range.to; i++) {
    const octet = bytes[i]!;
    for (let shift = 4; shift >= 0; shift -= 4) {
      const entry = TABLE[node * 16 + ((octet >> shift) & 15)]!;
      if (entry & FAILS) return -1;
      if (entry & EMITS) {
        if (length >= out.length) return -1;
        out[length++] = (entry >>> 9) & 255;
      }
      node = entry & 511;
    }
  }
  return ACCEPTED.has(node) ? length : -1;
}

/** Octets that `text` (latin1) takes when coded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    bits += LENGTHS[text.charCodeAt(i) & 255]!;
  }
  return (bits + 7) >> 3;
}

/** Appends the code of `text` (latin1) to `out`, padded with ones. */
export function huffmanEncode(text: string, out: number[]): void {
  let held = 0;
  let heldBits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 255;
    let left = LENGTHS[symbol]!;
    const code = CODES[symbol]!;
    while (left > 0) {
      const take = Math.min(left, 8 - heldBits);
      left -= take;
      held = (held << take) | ((code >>> left) & ((1 << take) - 1));
      heldBits += take;
      if (heldBits === 8) {
        out.push(held);
        held = heldBits = 0;
      }
    }
  }
  if (heldBits > 0) {
    const pad = 8 - heldBits;
    out.push((held << pad) | ((1 << pad) - 1));
  }
}
