/**
 * The form of a snapshot of etcd, as far as it can be verified without
 * reading the database:
 *
 *     database, a multiple of 512 bytes | SHA-256 of it, 32 bytes
 */
import { createHash } from "node:crypto";

const HASH_BYTES = 32;
const PAGE_BYTES = 512;

/** Passes the bytes on; at the end it throws unless the hash is theirs. */
export async function* verified(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let size = 0;
  // The last bytes so far: they are the hash if no more come.
  let tail = new Uint8Array(0);
  for await (const piece of pieces) {
    size += piece.length;
    const all = new Uint8Array([...tail, ...piece.subarray(-HASH_BYTES)]);
    if (piece.length >= HASH_BYTES) {
      hash.update(tail).update(piece.subarray(0, -HASH_BYTES));
    } else hash.update(all.subarray(0, -HASH_BYTES));
    tail = all.slice(-HASH_BYTES);
    yield piece;
  }
  if (size <= HASH_BYTES || size % PAGE_BYTES !== HASH_BYTES) {
    throw new Error(`${size} bytes are no snapshot with its hash`);
  }
  const [wanted, found] = [tail.toHex(), hash.digest("hex")];
  if (wanted === found) return;
  throw new Error(`the snapshot is damaged: SHA-256 ${found}, not ${wanted}`);
}
