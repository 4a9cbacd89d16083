/**
 * The public keys that may sign images, as a file: PEM (SPKI), one after
 * another, as `openssl pkey -pubout` writes them. Ed25519 and nothing else.
 *
 *     30 2a 30 05 06 03 2b 65 70 03 21 00 | the raw key, 32     RFC 8410
 */
import { concatBytes } from "../bytes.ts";
import { decodePemAll, encodePem, Label, PemError } from "../pki/pem.ts";

/** SPKI of an Ed25519 key, before the key itself. */
const PREFIX = Uint8Array.fromHex("302a300506032b6570032100");
const KEY_BYTES = 32;
/** Old and new, staged and real: more are a mistake. */
const KEYS_MAX = 16;

/** The file of one raw key; such files may be joined. */
export function encodeImageKey(raw: Uint8Array): string {
  return encodePem(Label.publicKey, concatBytes([PREFIX, raw]));
}

/**
 * The raw keys of a file.
 *
 * @throws {PemError} for anything but public keys of Ed25519, at least one.
 */
export function decodeImageKeys(text: string): Uint8Array<ArrayBuffer>[] {
  const blocks = decodePemAll(text);
  if (blocks.length === 0) throw new PemError("no PEM block");
  if (blocks.length > KEYS_MAX) {
    throw new PemError(`${blocks.length} keys are more than ${KEYS_MAX}`);
  }
  return blocks.map(({ label, der }) => {
    if (label !== Label.publicKey) {
      throw new PemError(`PEM block is "${label}", not "${Label.publicKey}"`);
    }
    const isOurs = der.length === PREFIX.length + KEY_BYTES &&
      PREFIX.every((byte, at) => byte === der[at]);
    if (!isOurs) throw new PemError("the public key is not one of Ed25519");
    return der.slice(PREFIX.length);
  });
}
