/**
 * Reads DER just far enough to see what a certificate says of its subject: TLS
 * libraries join or escape repeated names, and roles must not depend on how.
 * Checked, bounded, no recursion.
 *
 *     Certificate    SEQUENCE { tbsCertificate, ... }
 *     TBSCertificate SEQUENCE { [0] version?, serial, algorithm, issuer,
 *                               validity, subject, key, [3] extensions? }
 *     Name           SEQUENCE OF SET OF SEQUENCE { OID, string }
 *     Extensions     SEQUENCE OF SEQUENCE { OID, critical?, OCTET STRING }
 */
import { AgentError } from "../errors.ts";
import { formatIp } from "../net/ip.ts";

/** Bytes that are not the DER they should be. */
export class DerError extends AgentError<{ readonly kind: "der" }> {
  override name = "DerError";

  constructor(message: string) {
    super({ kind: "der" }, `Cannot read certificate: ${message}`);
  }
}

const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const OCTET_STRING = 0x04;
const OID = 0x06;
const UTF8_STRING = 0x0c;
const PRINTABLE_STRING = 0x13;
const TELETEX_STRING = 0x14;
const IA5_STRING = 0x16;
const STRINGS: readonly number[] = [
  UTF8_STRING,
  PRINTABLE_STRING,
  TELETEX_STRING,
  IA5_STRING,
];
/** 2.5.4.10 */
const ORGANIZATION = "55040a";
/** 2.5.29.17 */
const SUBJECT_ALTERNATIVE_NAME = "551d11";
/** 2.5.29.37 */
const EXTENDED_KEY_USAGE = "551d25";
/** Context tags of GeneralName. */
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
/** 1.3.6.1.5.5.7.3.1 and .2 */
const USAGES: Readonly<Record<string, string>> = {
  "2b06010505070301": "server",
  "2b06010505070302": "client",
};

interface Element {
  readonly tag: number;
  readonly body: Uint8Array;
}

/** Reads the elements of a constructed one, in order. */
class DerReader {
  #rest: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#rest = bytes;
  }

  get done(): boolean {
    return this.#rest.length === 0;
  }

  get nextTag(): number {
    return this.#rest[0] ?? -1;
  }

  next(tag?: number): Element {
    const bytes = this.#rest;
    if (bytes.length < 2) throw new DerError("it ends too early");
    if (tag !== undefined && bytes[0] !== tag) {
      throw new DerError(`tag ${bytes[0]} where ${tag} belongs`);
    }
    let at = 2;
    let length = bytes[1]!;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count < 1 || count > 3) {
        throw new DerError(`length of ${count} bytes`);
      }
      length = 0;
      for (let i = 0; i < count; i++) {
        if (at >= bytes.length) throw new DerError("it ends too early");
        length = length * 256 + bytes[at++]!;
      }
    }
    if (at + length > bytes.length) throw new DerError("it ends too early");
    this.#rest = bytes.subarray(at + length);
    return { tag: bytes[0]!, body: bytes.subarray(at, at + length) };
  }
}

function enter(element: Element): DerReader {
  return new DerReader(element.body);
}

/** A certificate with more parts of a kind than this is refused. */
const PARTS_MAX = 256;

/** The elements of a constructed one. */
function* each(element: Element, tag?: number): Generator<Element> {
  const reader = enter(element);
  for (let parts = 0; !reader.done; parts++) {
    if (parts >= PARTS_MAX) throw new DerError("it has too many parts");
    yield reader.next(tag);
  }
}

/** What a certificate says of its subject, each text exactly as it is in it. */
export interface SubjectFacts {
  /** Organizations (O), in order; an empty one is an empty string. */
  readonly organizations: string[];
  /** DNS names of the SAN. */
  readonly names: string[];
  /** IP addresses of the SAN, in their usual text. */
  readonly addresses: string[];
  /** Extended key usages: `server`, `client`, or the OID in hexadecimal. */
  readonly usages: string[];
}

function readOrganizations(subject: Element): string[] {
  const found: string[] = [];
  for (const set of each(subject, SET)) {
    for (const part of each(set, SEQUENCE)) {
      const reader = enter(part);
      const type = reader.next(OID).body.toHex();
      const value = reader.next();
      if (type !== ORGANIZATION) continue;
      if (!STRINGS.includes(value.tag)) throw new DerError("O is no text");
      found.push(new TextDecoder().decode(value.body));
    }
  }
  return found;
}

function addressText(bytes: Uint8Array): string {
  const text = formatIp(bytes);
  if (text === "") throw new DerError("address of odd length");
  return text;
}

function readExtension(extension: Element, facts: SubjectFacts) {
  const reader = enter(extension);
  const type = reader.next(OID).body.toHex();
  if (reader.nextTag !== OCTET_STRING) reader.next();
  const value = enter(reader.next(OCTET_STRING));
  if (type === EXTENDED_KEY_USAGE) {
    for (const oid of each(value.next(SEQUENCE), OID)) {
      facts.usages.push(USAGES[oid.body.toHex()] ?? oid.body.toHex());
    }
  } else if (type === SUBJECT_ALTERNATIVE_NAME) {
    for (const name of each(value.next(SEQUENCE))) {
      if (name.tag === DNS_NAME) {
        facts.names.push(new TextDecoder().decode(name.body));
      } else if (name.tag === IP_ADDRESS) {
        facts.addresses.push(addressText(name.body));
      }
    }
  }
}

/**
 * Reads the subject, SAN and usages of a certificate.
 *
 * @throws {DerError}
 */
export function readSubject(der: Uint8Array): SubjectFacts {
  const certificate = enter(new DerReader(der).next(SEQUENCE));
  const tbs = enter(certificate.next(SEQUENCE));
  if (tbs.nextTag === VERSION) tbs.next();
  for (let skip = 0; skip < 4; skip++) tbs.next();
  const organizations = readOrganizations(tbs.next(SEQUENCE));
  const facts = { organizations, names: [], addresses: [], usages: [] };
  while (!tbs.done) {
    const element = tbs.next();
    if (element.tag !== EXTENSIONS) continue;
    for (const extension of each(enter(element).next(SEQUENCE), SEQUENCE)) {
      readExtension(extension, facts);
    }
  }
  return facts;
}

/** The organizations of a certificate's subject. */
export function organizationsOf(der: Uint8Array): string[] {
  return readSubject(der).organizations;
}
