/**
 * Ed25519 over the bytes of a manifest, detached: 64 bytes and no more.
 *
 * WebCrypto verifies: it is the one implementation that Deno, Node and
 * browsers share, it runs outside of the JavaScript heap, and an own one would
 * be the piece of this folder with the most to lose and nothing to win: one
 * signature an image.
 */
import { ImageError } from "./errors.ts";
import { decodeManifest, type Manifest } from "./manifest.ts";

const SIGNATURE_SIZE = 64;
const KEY_SIZE = 32;

type Bytes = Uint8Array<ArrayBuffer>;

/** The id of a raw public key: its SHA-256. */
export async function keyIdOf(publicKey: Uint8Array): Promise<Bytes> {
  if (publicKey.length !== KEY_SIZE) {
    throw new RangeError(`an Ed25519 public key has ${KEY_SIZE} bytes`);
  }
  const copy = new Uint8Array(publicKey);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", copy));
}

/** Signs the bytes of a manifest. */
export async function signManifest(
  manifest: Uint8Array,
  privateKey: CryptoKey,
): Promise<Bytes> {
  const copy = new Uint8Array(manifest);
  return new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, copy));
}

/** What {@linkcode verifyManifest} looks at. */
export interface SignedManifest {
  readonly manifest: Uint8Array;
  readonly signature: Uint8Array;
  /** Raw public keys that are trusted. */
  readonly keys: readonly Uint8Array[];
}

/** The manifest, if a trusted key has signed exactly these bytes. */
export async function verifyManifest(
  signed: SignedManifest,
): Promise<Manifest> {
  // Copies: nobody changes them between the check and the use.
  const bytes = new Uint8Array(signed.manifest);
  const signature = new Uint8Array(signed.signature);
  const manifest = decodeManifest(bytes);
  if (signature.length < SIGNATURE_SIZE) {
    throw new ImageError("truncated", "the signature ends early");
  }
  if (signature.length > SIGNATURE_SIZE) {
    throw new ImageError("trailing", "bytes after the signature");
  }
  const wanted = manifest.keyId.toHex();
  for (const raw of signed.keys) {
    if ((await keyIdOf(raw)).toHex() !== wanted) continue;
    const key = await crypto.subtle.importKey(
      "raw",
      new Uint8Array(raw),
      "Ed25519",
      false,
      ["verify"],
    );
    if (await crypto.subtle.verify("Ed25519", key, signature, bytes)) {
      return manifest;
    }
    throw new ImageError("badSignature", `not signed by key "${wanted}"`);
  }
  throw new ImageError("unknownKey", `signed with unknown key "${wanted}"`);
}
