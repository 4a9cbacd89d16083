/**
 * Certificate requests (PKCS #10): what a node asks for, and a checked reading
 * of what somebody else asks for. What of it is granted is not decided here.
 */
import { AgentError } from "../errors.ts";
import { canonicalAddress } from "../net/ip.ts";
import type { KeyPair } from "./keys.ts";
import { decodePem, encodePem, Label } from "./pem.ts";
import { subjectOf } from "./subject.ts";
import { loadX509 } from "./x509.ts";

/** A request that is not one, or that nobody here would sign. */
export class CsrError extends AgentError<{ readonly kind: "invalid" }> {
  override name = "CsrError";

  constructor(message: string, options?: ErrorOptions) {
    super({ kind: "invalid" }, `certificate request ${message}`, options);
  }
}

/** What a request may ask for. */
export interface CsrOptions {
  readonly keys: KeyPair;
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
}

/** A request as PEM. */
export async function createCsr(options: CsrOptions): Promise<string> {
  const x509 = await loadX509();
  const { keys, commonName, organizations = [] } = options;
  const { names = [], addresses = [] } = options;
  const alternatives = [
    ...addresses.map((value) => ({ type: "ip" as const, value })),
    ...names.map((value) => ({ type: "dns" as const, value })),
  ];
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    name: await subjectOf(organizations, commonName),
    keys: { publicKey: keys.publicKey, privateKey: keys.privateKey },
    signingAlgorithm: keys.signing,
    extensions: alternatives.length === 0
      ? []
      : [new x509.SubjectAlternativeNameExtension(alternatives)],
  });
  return encodePem(Label.request, new Uint8Array(csr.rawData));
}

/** A request whose signature holds. */
export interface Csr {
  readonly publicKey: CryptoKey;
  /** Of the subject; empty when it has none, or several. */
  readonly commonName: string;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  /** Alternative names of other kinds: mail, URLs. */
  readonly others: number;
}

const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
const CSR_BYTES_MAX = 8 << 10;
const ALTERNATIVES_MAX = 64;

/** Keys that may be signed; RSA is slow to check and nobody here has one. */
function isAllowedKey(key: CryptoKey): boolean {
  const { name, namedCurve } = key.algorithm as EcKeyAlgorithm;
  return name === "Ed25519" ||
    name === "ECDSA" && ["P-256", "P-384"].includes(namedCurve);
}

/**
 * Reads a request in PEM: size, form, kind of key, and that whoever made it
 * has the key.
 *
 * @throws {CsrError}
 */
export async function readCsr(pem: string): Promise<Csr> {
  if (pem.length > CSR_BYTES_MAX) {
    throw new CsrError(`is longer than ${CSR_BYTES_MAX} bytes`);
  }
  const x509 = await loadX509();
  try {
    const { der } = decodePem(pem, [Label.request]);
    const csr = new x509.Pkcs10CertificateRequest(der);
    const publicKey = await csr.publicKey.export();
    if (!isAllowedKey(publicKey)) {
      throw new CsrError("has a key that is neither Ed25519 nor ECDSA");
    }
    if (!await csr.verify()) throw new CsrError("has a wrong signature");
    const san = csr.getExtension(SUBJECT_ALTERNATIVE_NAME);
    const all = san instanceof x509.SubjectAlternativeNameExtension
      ? san.names.items
      : [];
    if (all.length > ALTERNATIVES_MAX) {
      throw new CsrError(`asks for more than ${ALTERNATIVES_MAX} names`);
    }
    const values = (type: string) =>
      all.filter((one) => one.type === type).map((one) => one.value);
    const commonNames = csr.subjectName.getField("CN");
    return {
      publicKey,
      commonName: commonNames.length === 1 ? commonNames[0]! : "",
      names: values("dns"),
      addresses: values("ip").map(canonicalAddress),
      others: all.filter(({ type }) => type !== "dns" && type !== "ip").length,
    };
  } catch (cause) {
    if (cause instanceof CsrError) throw cause;
    throw new CsrError("cannot be read", { cause });
  }
}

/**
 * The organizations that a request names, for an administrator who signs by
 * hand and knows whose it is. They are roles: no daemon may grant them.
 *
 * @throws {CsrError}
 */
export async function requestedOrganizations(pem: string): Promise<string[]> {
  const x509 = await loadX509();
  try {
    const { der } = decodePem(pem, [Label.request]);
    const csr = new x509.Pkcs10CertificateRequest(der);
    return csr.subjectName.getField("O");
  } catch (cause) {
    throw new CsrError("cannot be read", { cause });
  }
}
