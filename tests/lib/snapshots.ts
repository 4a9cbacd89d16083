/** What passes for a snapshot of etcd until etcd itself reads it. */

/** A database of `sizeBytes`, a multiple of 512, with its hash. */
export async function snapshotOf(
  sizeBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const database = Uint8Array.from({ length: sizeBytes }, (_, at) => at * 7);
  database.set([0xed, 0xda, 0x0c, 0xed], 16);
  const hash = await crypto.subtle.digest("SHA-256", database);
  return new Uint8Array([...database, ...new Uint8Array(hash)]);
}
