/** CRC-64 of ECMA-182, bit by bit. */
const POLYNOMIAL = 0xc96c5795d7870f42n;

/** Big-endian, as the others of `../short.ts`. */
export function crc64(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let register = 2n ** 64n - 1n;
  for (const byte of bytes) {
    register ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      register = register >> 1n ^ (register & 1n ? POLYNOMIAL : 0n);
    }
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, ~register & 2n ** 64n - 1n);
  return new Uint8Array(view.buffer);
}
