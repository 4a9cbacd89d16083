/**
 * Private keys: made, written in the PEM form of their kind, and read again.
 * Only the algorithms that the node and Kubernetes use.
 */
import { Buffer } from "node:buffer";
import { createPrivateKey } from "node:crypto";
import { decodePem, encodePem, Label, PemError } from "./pem.ts";

/** Kinds of keys by name. */
export type KeyAlgorithm = "Ed25519" | "RSA-4096" | "RSA-2048" | "ECDSA-P256";

type Params = EcKeyGenParams | RsaHashedKeyGenParams | { name: "Ed25519" };

const EXPONENT = new Uint8Array([1, 0, 1]);

const PARAMS: Readonly<Record<KeyAlgorithm, Params>> = {
  "Ed25519": { name: "Ed25519" },
  "ECDSA-P256": { name: "ECDSA", namedCurve: "P-256" },
  // SHA-512 is what the seed-era CAs sign with.
  "RSA-2048": {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: EXPONENT,
    hash: "SHA-512",
  },
  "RSA-4096": {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 4096,
    publicExponent: EXPONENT,
    hash: "SHA-512",
  },
};

/** A key pair of WebCrypto with what it takes to sign by it. */
export interface KeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
  readonly signing: { readonly name: string; readonly hash?: string };
}

/** How a key of this algorithm signs. */
function signingOf(key: CryptoKey): KeyPair["signing"] {
  const { name } = key.algorithm;
  if (name === "ECDSA") return { name, hash: "SHA-256" };
  if (name === "RSASSA-PKCS1-v1_5") return { name, hash: "SHA-512" };
  return { name };
}

/** Makes a key pair; RSA-4096 takes a second or two. */
export async function generateKey(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const pair = await crypto.subtle.generateKey(
    PARAMS[algorithm],
    true,
    ["sign", "verify"],
  ) as CryptoKeyPair;
  const { publicKey, privateKey } = pair;
  return { publicKey, privateKey, signing: signingOf(privateKey) };
}

/**
 * A private key as its peers write it: `ED25519 PRIVATE KEY` holding PKCS #8,
 * `RSA PRIVATE KEY` (PKCS #1), `EC PRIVATE KEY` (SEC 1).
 */
export async function exportKey(key: CryptoKey): Promise<string> {
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
  if (key.algorithm.name === "Ed25519") {
    return encodePem(Label.ed25519Key, pkcs8);
  }
  const node = createPrivateKey({
    key: Buffer.from(pkcs8),
    format: "der",
    type: "pkcs8",
  });
  const isRsa = key.algorithm.name === "RSASSA-PKCS1-v1_5";
  return isRsa
    ? encodePem(Label.rsaKey, node.export({ type: "pkcs1", format: "der" }))
    : encodePem(Label.ecKey, node.export({ type: "sec1", format: "der" }));
}

const KEY_LABELS = [
  Label.key,
  Label.ed25519Key,
  Label.rsaKey,
  Label.ecKey,
] as const;

/** WebCrypto's name of the algorithm of a PKCS #8 key. */
function importParams(type: string | undefined, curve: string | undefined) {
  if (type === "ed25519") return { name: "Ed25519" };
  if (type === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" };
  const namedCurve = { prime256v1: "P-256", "P-256": "P-256" }[curve ?? ""];
  if (type === "ec" && namedCurve) return { name: "ECDSA", namedCurve };
  throw new PemError(`keys of type "${type} ${curve ?? ""}" are not used here`);
}

/** Reads what {@linkcode exportKey} writes, and plain PKCS #8. */
export async function importKey(pem: string): Promise<KeyPair> {
  const { label, der } = decodePem(pem, KEY_LABELS);
  const node = createPrivateKey({
    key: Buffer.from(der),
    format: "der",
    type: label === Label.rsaKey
      ? "pkcs1"
      : label === Label.ecKey
      ? "sec1"
      : "pkcs8",
  });
  const curve = node.asymmetricKeyDetails?.namedCurve;
  const params = importParams(node.asymmetricKeyType, curve);
  const pkcs8 = node.export({ type: "pkcs8", format: "der" });
  const privateKey = await crypto.subtle.importKey(
    "pkcs8",
    new Uint8Array(pkcs8),
    params,
    true,
    ["sign"],
  );
  return {
    publicKey: await publicOf(privateKey, params),
    privateKey,
    signing: signingOf(privateKey),
  };
}

/** The public half of a private key. */
async function publicOf(key: CryptoKey, params: { name: string }) {
  const { kty, n, e, crv, x, y } = await crypto.subtle.exportKey("jwk", key);
  const half = Object.fromEntries(
    Object.entries({ kty, n, e, crv, x, y }).filter(([, v]) => v !== undefined),
  );
  return await crypto.subtle.importKey("jwk", half, params, true, ["verify"]);
}

/** SHA-256 of a public key (SPKI), base64. */
export async function keyFingerprint(key: CryptoKey): Promise<string> {
  const spki = await crypto.subtle.exportKey("spki", key);
  const hash = await crypto.subtle.digest("SHA-256", spki);
  return Buffer.from(hash).toString("base64");
}
