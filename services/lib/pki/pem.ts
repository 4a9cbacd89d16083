/**
 * PEM armour (RFC 7468): text to DER and back, checked. Knows the label that
 * the seed-era tools write for Ed25519 keys, and nothing of what is inside.
 */
import { Buffer } from "node:buffer";
import { AgentError } from "../errors.ts";

/** One block between BEGIN and END. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array<ArrayBuffer>;
}

/** A certificate with its private key, both as PEM text. */
export interface PemPair {
  readonly crt: string;
  readonly key: string;
}

/** Labels that the project reads and writes. */
export const Label = {
  certificate: "CERTIFICATE",
  request: "CERTIFICATE REQUEST",
  /** PKCS #8, any algorithm. */
  key: "PRIVATE KEY",
  /** PKCS #8 with an Ed25519 key inside, as the seed-era tools call it. */
  ed25519Key: "ED25519 PRIVATE KEY",
  /** PKCS #1. */
  rsaKey: "RSA PRIVATE KEY",
  /** SEC 1. */
  ecKey: "EC PRIVATE KEY",
  /** SPKI, any algorithm. */
  publicKey: "PUBLIC KEY",
} as const;
export type Label = (typeof Label)[keyof typeof Label];

/** Longer texts are nobody's certificate. */
const PEM_BYTES_MAX = 256 << 10;

/** Text that is not the PEM that was asked for. */
export class PemError extends AgentError<{ readonly kind: "pem" }> {
  override name = "PemError";

  constructor(message: string) {
    super({ kind: "pem" }, message);
  }
}

const BLOCK =
  /-----BEGIN ([A-Z0-9 ]{1,32})-----\r?\n([A-Za-z0-9+/=\s]*?)-----END \1-----/g;

/** All blocks of `text`, in order; what is between blocks is ignored. */
export function decodePemAll(text: string): PemBlock[] {
  if (text.length > PEM_BYTES_MAX) {
    throw new PemError(`PEM text is longer than ${PEM_BYTES_MAX} bytes`);
  }
  return [...text.matchAll(BLOCK)].map(([, label, body]) => {
    const packed = body!.replaceAll(/\s/g, "");
    if (
      !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
        .test(packed)
    ) throw new PemError(`PEM block "${label}" is not base64`);
    return {
      label: label!,
      der: new Uint8Array(Buffer.from(packed, "base64")),
    };
  });
}

/**
 * The first block of `text`.
 *
 * @throws {PemError} when there is none or its label is not in `labels`.
 */
export function decodePem(text: string, labels: readonly Label[]): PemBlock {
  const [block] = decodePemAll(text);
  if (!block) throw new PemError("no PEM block");
  if (!(labels as readonly string[]).includes(block.label)) {
    throw new PemError(`PEM block is "${block.label}", not "${labels[0]}"`);
  }
  return block;
}

/** Text with lines of 64 characters and a newline at the end. */
export function encodePem(label: Label, der: Uint8Array): string {
  const packed = Buffer.from(der).toString("base64");
  const lines = packed.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""]
    .join("\n");
}

/** The label that TLS libraries know, for a key under the seed-era label. */
export function tlsKey(pem: string): string {
  return pem.replaceAll(`${Label.ed25519Key}-----`, `${Label.key}-----`);
}

/** `crt`, `key` and `ca` of configs: base64 of the PEM text. */
export function toBase64(pem: string): string {
  return Buffer.from(pem, "utf8").toString("base64");
}

/** Undoes {@linkcode toBase64}; PEM text itself is taken as it is. */
export function fromBase64(text: string): string {
  if (text.includes("-----BEGIN ")) return text;
  if (text.length > 2 * PEM_BYTES_MAX) {
    throw new PemError(`base64 text is longer than ${2 * PEM_BYTES_MAX} bytes`);
  }
  return Buffer.from(text, "base64").toString("utf8");
}
