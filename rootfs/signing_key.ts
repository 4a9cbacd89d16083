/**
 * The key pair that signs images in development: made by the first build and
 * kept in the cache, so that all builds of this machine are signed by the same
 * key and `deno task image` twice gives the same bytes. It is in no checkout
 * and in no image. Whoever loses the cache gets a new one.
 */
import { dirname, join } from "@std/path";
import { keyIdOf } from "#core-wasm/mod.ts";
import { encodeImageKey } from "#lib/image/keys.ts";
import { exportKey, generateKey, importKey } from "#lib/pki/keys.ts";
import { replaceFile } from "#lib/replace_file.ts";
import { cacheDir, provide } from "./components/cache.ts";

/** What signs an image. */
export interface SigningKey {
  readonly privateKey: CryptoKey;
  /** The file that verifies: a PEM public key. */
  readonly publicPem: string;
  /** SHA-256 of the raw public key, in hexadecimal. */
  readonly id: string;
}

const FILE = "signing.key";

/** A signing key of its PEM text. */
export async function loadSigningKey(pem: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await importKey(pem);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  return {
    privateKey,
    publicPem: encodeImageKey(raw),
    id: (await keyIdOf(raw)).toHex(),
  };
}

async function makeKey(into: string): Promise<void> {
  await Deno.chmod(into, 0o700);
  const { privateKey } = await generateKey("Ed25519");
  const pem = await exportKey(privateKey);
  await replaceFile(join(into, FILE), pem, { mode: 0o600, durable: true });
}

/** The key of this machine, made now if there is none. */
export async function provideSigningKey(
  cache: string = cacheDir(),
): Promise<SigningKey> {
  const { dir } = await provide({
    name: "signing",
    what: "key pair for development",
    inputs: { algorithm: "Ed25519" },
    build: makeKey,
  }, cache);
  // What is signed must not outlive its key: the name is on disk first.
  using directory = await Deno.open(dirname(dir));
  await directory.sync();
  return await loadSigningKey(await Deno.readTextFile(join(dir, FILE)));
}
