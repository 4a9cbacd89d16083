/** CRC-32, CRC-32C bit by bit, and XXH64 as its specification writes it. */

function crc(bytes: Uint8Array, polynomial: number): Uint8Array<ArrayBuffer> {
  let register = 0xffffffff;
  for (const byte of bytes) {
    register ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      register = register >>> 1 ^ (register & 1 ? polynomial : 0);
    }
  }
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, ~register);
  return new Uint8Array(view.buffer);
}

/** IEEE 802.3, big-endian. */
export function crc32(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return crc(bytes, 0xedb88320);
}

/** Castagnoli, big-endian. */
export function crc32c(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return crc(bytes, 0x82f63b78);
}

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

function u64(x: bigint): bigint {
  return BigInt.asUintN(64, x);
}

function rotl(x: bigint, n: bigint): bigint {
  return u64(x << n | u64(x) >> (64n - n));
}

function round(acc: bigint, lane: bigint): bigint {
  return u64(rotl(u64(acc + lane * P2), 31n) * P1);
}

/** With seed 0, big-endian. */
export function xxh64(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let acc = P5;
  if (bytes.length >= 32) {
    const lanes = [u64(P1 + P2), P2, 0n, u64(-P1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) {
        lanes[i] = round(lanes[i]!, view.getBigUint64(at + 8 * i, true));
      }
    }
    acc = [1n, 7n, 12n, 18n].reduce(
      (sum, n, i) => u64(sum + rotl(lanes[i]!, n)),
      0n,
    );
    for (const lane of lanes) acc = u64((acc ^ round(0n, lane)) * P1 + P4);
  }
  acc = u64(acc + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    const lane = view.getBigUint64(at, true);
    acc = u64(rotl(acc ^ round(0n, lane), 27n) * P1 + P4);
  }
  if (at + 4 <= bytes.length) {
    const lane = BigInt(view.getUint32(at, true));
    acc = u64(rotl(acc ^ u64(lane * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    acc = u64(rotl(acc ^ u64(BigInt(bytes[at]!) * P5), 11n) * P1);
  }
  acc = u64((acc ^ acc >> 33n) * P2);
  acc = u64((acc ^ acc >> 29n) * P3);
  const digest = new DataView(new ArrayBuffer(8));
  digest.setBigUint64(0, acc ^ acc >> 32n);
  return new Uint8Array(digest.buffer);
}
