/** Names as strings: UTF-8, and each other byte as U+DC80 to U+DCFF (PEP 383). */

/** How many bytes a character that begins with `first` takes; 0 if none does. */
function sizeOf(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/** The string that `bytes` are. */
export function decodeName(bytes: Uint8Array): string {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let name = "";
  for (let at = 0; at < bytes.length;) {
    const size = sizeOf(bytes[at]!);
    try {
      if (size === 0) throw new TypeError("no first byte");
      name += strict.decode(bytes.subarray(at, at + size));
      at += size;
    } catch {
      name += String.fromCharCode(0xdc00 + bytes[at++]!);
    }
  }
  return name;
}

/** -1, 0 or 1: the order of names in a directory. */
export function compareBytes(one: Uint8Array, other: Uint8Array): number {
  for (let i = 0; i < Math.min(one.length, other.length); i++) {
    if (one[i] !== other[i]) return one[i]! < other[i]! ? -1 : 1;
  }
  return Math.sign(one.length - other.length);
}
