/**
 * Names as strings: UTF-8, and each byte that is not becomes U+DC80 to U+DCFF
 * (PEP 383), so that there and back again nothing is lost.
 */

const ESCAPES = 0xdc00;
const fatal = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Most names are short and of ASCII: a decoder takes longer to call. */
const SHORT = 32;

/** Bytes to a string. */
export function decodeName(bytes: Uint8Array): string {
  if (bytes.length <= SHORT) {
    let name = "";
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte >= 0x80) return decodeAny(bytes);
      name += String.fromCharCode(byte);
    }
    return name;
  }
  return decodeAny(bytes);
}

function decodeAny(bytes: Uint8Array): string {
  try {
    return fatal.decode(bytes);
  } catch {
    return escaped(bytes);
  }
}

/** Byte by byte: whatever does not begin a whole character is escaped. */
function escaped(bytes: Uint8Array): string {
  let name = "";
  for (let at = 0; at < bytes.length;) {
    const size = sequenceSize(bytes[at]!);
    const sequence = bytes.subarray(at, at + size);
    try {
      name += fatal.decode(sequence);
      at += size;
    } catch {
      name += String.fromCharCode(ESCAPES + bytes[at]!);
      at++;
    }
  }
  return name;
}

function sequenceSize(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}

/** A string to the bytes that it came from. */
export function encodeName(name: string): Uint8Array {
  if (name.isWellFormed()) return encoder.encode(name);
  const bytes: number[] = [];
  for (const character of name) {
    const code = character.codePointAt(0)!;
    if (code >= ESCAPES + 0x80 && code <= ESCAPES + 0xff) {
      bytes.push(code - ESCAPES);
    } else {
      bytes.push(...encoder.encode(character));
    }
  }
  return Uint8Array.from(bytes);
}
