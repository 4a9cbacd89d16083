/**
 * What can be said about a client certificate without asking a server, which
 * only closes the connection when it does not like one. Pure.
 */
import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";

/** PEM texts of one context. */
export interface ClientIdentity {
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

/** The label that the seed era gives to a PKCS #8 key; OpenSSL knows none. */
const SEED_KEY_LABEL = /ED25519 PRIVATE KEY/g;

/** A private key in the form that TLS libraries take. */
export function plainKey(pem: string): string {
  return pem.replace(SEED_KEY_LABEL, "PRIVATE KEY");
}

const EXTENDED_KEY_USAGE = Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x25]);
/** 1.3.6.1.5.5.7.3.2 as an element of the extension. */
const CLIENT_AUTH = Buffer.from([
  0x06,
  0x08,
  0x2b,
  0x06,
  0x01,
  0x05,
  0x05,
  0x07,
  0x03,
  0x02,
]);

/**
 * Whether the extended key usage, if there is one, names clients. node:crypto
 * does not tell, so the extension is looked up in the DER:
 * `OID, [BOOLEAN critical], OCTET STRING { SEQUENCE { OID ... } }`.
 */
function allowsClients(der: Uint8Array): boolean {
  const bytes = Buffer.from(der);
  const at = bytes.indexOf(EXTENDED_KEY_USAGE);
  if (at < 0) return true;
  let octets = at + EXTENDED_KEY_USAGE.length;
  if (bytes[octets] === 0x01) octets += 3;
  const length = bytes[octets + 1];
  // Lists of a dozen usages fit into the short form of a length.
  if (bytes[octets] !== 0x04 || length === undefined || length > 127) {
    return true;
  }
  return bytes.subarray(octets + 2, octets + 2 + length).includes(CLIENT_AUTH);
}

/** The organizations of a certificate's subject; they are its roles. */
export function organizations(certificate: X509Certificate): string[] {
  return (certificate.subject ?? "").split("\n").filter((line) =>
    line.startsWith("O=")
  ).map((line) => line.slice(2));
}

function day(date: Date): string {
  return date.toISOString().slice(0, 19) + "Z";
}

function read(pem: string, what: string): X509Certificate | string {
  try {
    return new X509Certificate(pem);
  } catch {
    return `${what} is not a certificate in PEM form`;
  }
}

function dateProblem(
  certificate: X509Certificate,
  what: string,
  nowMs: number,
): string | undefined {
  const from = new Date(certificate.validFrom);
  const to = new Date(certificate.validTo);
  if (nowMs > to.getTime()) return `${what} expired on ${day(to)}`;
  if (nowMs < from.getTime()) {
    return `${what} is not valid before ${day(from)}; is the clock right?`;
  }
  return undefined;
}

function keyMatches(certificate: X509Certificate, pem: string) {
  try {
    return certificate.checkPrivateKey(createPrivateKey(plainKey(pem)));
  } catch {
    return false;
  }
}

function issuedBy(certificate: X509Certificate, ca: X509Certificate): boolean {
  try {
    return certificate.verify(ca.publicKey);
  } catch {
    return false;
  }
}

/** Why no node of this CA can accept the certificate; undefined if one may. */
export function certificateProblem(
  identity: ClientIdentity,
  nowMs: number,
): string | undefined {
  if (identity.crt === "" || identity.key === "") {
    return "the context has no client certificate";
  }
  const own = read(identity.crt, "the client certificate");
  if (typeof own === "string") return own;
  if (identity.ca !== "") {
    const ca = read(identity.ca, "the CA");
    if (typeof ca === "string") return ca;
    if (!issuedBy(own, ca)) {
      return "the client certificate is not of the context's CA";
    }
    const problem = dateProblem(ca, "the CA", nowMs);
    if (problem) return problem;
  }
  const problem = dateProblem(own, "the client certificate", nowMs);
  if (problem) return problem;
  if (!keyMatches(own, identity.key)) {
    return "the key does not belong to the client certificate";
  }
  if (!allowsClients(own.raw)) {
    return "the certificate is for servers only, as a node's own is";
  }
  return undefined;
}

const KNOWN_ROLES = ["os:admin", "os:operator", "os:reader"];

/** What the certificate may do, for the text after a refusal. */
export function roleText(crt: string): string {
  const own = read(crt, "");
  if (typeof own === "string") return "the certificate is unreadable";
  const names = organizations(own);
  if (names.includes("os:impersonator")) {
    return "the certificate is a node's own (os:impersonator), not a client's";
  }
  const roles = names.filter((name) => KNOWN_ROLES.includes(name));
  if (roles.length > 0) return `the certificate has ${roles.join(", ")}`;
  if (names.length === 1 && names[0] === "") {
    return "the certificate has os:admin";
  }
  return "the certificate has no role";
}
