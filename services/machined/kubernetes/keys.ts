/**
 * Keys that every control plane must have and that the machine config of the
 * seed era does not carry: derived (HKDF-SHA256, RFC 5869) from the key of the
 * Kubernetes CA, which all control planes have. Whoever has that key could
 * issue everything that these protect; none of them reveals it.
 */
import { Buffer } from "node:buffer";
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
} from "node:crypto";
import { decodePem, encodePem, Label } from "#lib/pki/mod.ts";

/** What a derived key is for; part of what it is derived from. */
export type DerivedKeyName = "service-account" | "aggregator-ca";

/** The order of P-256 (SEC 2): private keys are 1 to one less. */
const ORDER =
  0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** Longer than the order, so that no key is likelier than others (FIPS 186). */
const MATERIAL_BYTES = 48;

function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

/** An ECDSA P-256 key as PEM (SEC 1), the same for the same CA key. */
export function deriveKey(caKey: string, name: DerivedKeyName): string {
  const { der } = decodePem(caKey, [
    Label.key,
    Label.rsaKey,
    Label.ecKey,
    Label.ed25519Key,
  ]);
  const material = Buffer.from(
    hkdfSync("sha256", der, "", `talos/kubernetes/${name}`, MATERIAL_BYTES),
  );
  const scalar = BigInt(`0x${material.toString("hex")}`) % (ORDER - 1n) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex");
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(d);
  const point = curve.getPublicKey();
  const key = createPrivateKey({
    format: "jwk",
    key: {
      ...{ kty: "EC", crv: "P-256", d: toBase64Url(d) },
      x: toBase64Url(point.subarray(1, 33)),
      y: toBase64Url(point.subarray(33)),
    },
  });
  return encodePem(Label.ecKey, key.export({ type: "sec1", format: "der" }));
}

/** The public half of a private key, both PEM. */
export function publicKeyOf(privateKey: string): string {
  return createPublicKey(privateKey).export({ type: "spki", format: "pem" })
    .toString();
}
