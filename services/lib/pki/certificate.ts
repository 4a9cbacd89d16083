/**
 * What a certificate says: dates, names, roles, fingerprint. Reads only; the
 * chain is verified by whoever calls `isSignedBy` or by TLS itself.
 */
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { AgentError } from "../errors.ts";
import { readSubject } from "./der.ts";
import { decodePem, Label } from "./pem.ts";

/** The facts of one certificate. */
export interface CertificateFacts {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isCa: boolean;
  /** Extended key usages: `server`, `client`, or the OID in hexadecimal. */
  readonly usages: readonly string[];
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** SHA-256 of the public key (SPKI), base64, as `--cert-fingerprint` wants. */
  readonly keyFingerprint: string;
}

/** A text or bytes that are not a certificate. */
export class CertificateError
  extends AgentError<{ readonly kind: "certificate" }> {
  override name = "CertificateError";

  constructor(message: string, options?: ErrorOptions) {
    super({ kind: "certificate" }, message, options);
  }
}

/** DER of a certificate in PEM or DER. */
export function certificateDer(source: string | Uint8Array): Uint8Array {
  return typeof source === "string"
    ? decodePem(source, [Label.certificate]).der
    : source;
}

function parse(source: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(certificateDer(source)));
  } catch (cause) {
    throw new CertificateError("Cannot read certificate", { cause });
  }
}

async function sha256(bytes: Uint8Array): Promise<Buffer> {
  return Buffer.from(
    await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)),
  );
}

/**
 * Reads a certificate.
 *
 * @throws {CertificateError | PemError | DerError}
 */
export async function readCertificate(
  source: string | Uint8Array,
): Promise<CertificateFacts> {
  const certificate = parse(source);
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  return {
    commonName: /^CN=(.*)$/m.exec(certificate.subject ?? "")?.[1] ?? "",
    ...readSubject(certificate.raw),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    isCa: certificate.ca,
    fingerprint: (await sha256(certificate.raw)).toString("hex"),
    keyFingerprint: (await sha256(spki)).toString("base64"),
  };
}

/** Whether `ca` is the issuer of `certificate` and its signature holds. */
export function isSignedBy(
  certificate: string | Uint8Array,
  ca: string | Uint8Array,
): boolean {
  const issuer = parse(ca);
  const leaf = parse(certificate);
  return issuer.ca && leaf.checkIssued(issuer) &&
    leaf.verify(issuer.publicKey);
}
