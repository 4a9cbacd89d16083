/**
 * Certificate authorities and the leaves that they sign. The shapes are those
 * of the seed era: the machine CA is Ed25519 with O=talos, the CAs of
 * Kubernetes and etcd RSA-4096; a CA lives ten years, a node's leaf a day.
 */
import { isIP } from "node:net";
import { assert } from "../assert.ts";
import { type Clock, systemClock } from "../clock.ts";
import { CertificateError, readCertificate } from "./certificate.ts";
import { exportKey, generateKey, importKey, keyFingerprint } from "./keys.ts";
import type { KeyAlgorithm, KeyPair } from "./keys.ts";
import { encodePem, Label, type PemPair } from "./pem.ts";
import { subjectOf } from "./subject.ts";
import { loadX509 } from "./x509.ts";

// Lives of certificates.
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** Ten years as the seed counts them. */
export const TEN_YEARS_MS = 87_600 * HOUR_MS;
/** A leaf is valid a little earlier: clocks of nodes differ. */
export const BACKDATE_MS = 5 * 60_000;

/** The CAs of a cluster. */
export type CaKind = "machine" | "kubernetes" | "etcd" | "aggregator";

const PRESETS: Readonly<
  Record<CaKind, { organization: string; algorithm: KeyAlgorithm }>
> = {
  machine: { organization: "talos", algorithm: "Ed25519" },
  kubernetes: { organization: "kubernetes", algorithm: "RSA-4096" },
  etcd: { organization: "etcd", algorithm: "RSA-4096" },
  aggregator: { organization: "front-proxy", algorithm: "ECDSA-P256" },
};

/** What a new CA is like. */
export interface CaOptions {
  readonly kind: CaKind;
  readonly organization?: string;
  readonly algorithm?: KeyAlgorithm;
  /** PEM; a new key of `algorithm` when absent. */
  readonly key?: string;
  readonly validityMs?: number;
  /** Addresses that it is also a certificate for. */
  readonly addresses?: readonly string[];
  readonly clock?: Pick<Clock, "now">;
}

/** What a leaf may be used for. */
export type Usage = "server" | "client";

/** What a new leaf says. */
export interface LeafOptions {
  readonly publicKey: CryptoKey;
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  /** DNS names of the SAN. */
  readonly names?: readonly string[];
  /** IP addresses of the SAN. */
  readonly addresses?: readonly string[];
  readonly usages: readonly Usage[];
  /** 24 hours when absent; never beyond the CA's own end. */
  readonly validityMs?: number;
  readonly clock?: Pick<Clock, "now">;
}

/** A leaf whose key is made too. */
export type PairOptions = Omit<LeafOptions, "publicKey"> & {
  readonly algorithm?: KeyAlgorithm;
};

const USAGE_OIDS: Readonly<Record<Usage, string>> = {
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
};

/** 127 random bits: positive, as RFC 5280 wants it. */
function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** Certificates count in seconds. */
function seconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

/** Makes a CA: its certificate and its private key. */
export async function generateCa(options: CaOptions): Promise<PemPair> {
  const x509 = await loadX509();
  const preset = PRESETS[options.kind];
  const keys = options.key === undefined
    ? await generateKey(options.algorithm ?? preset.algorithm)
    : await importKey(options.key);
  const now = (options.clock ?? systemClock).now();
  const { KeyUsageFlags } = x509;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: await subjectOf([options.organization ?? preset.organization]),
    notBefore: seconds(now),
    notAfter: seconds(now + (options.validityMs ?? TEN_YEARS_MS)),
    signingAlgorithm: keys.signing,
    keys: { publicKey: keys.publicKey, privateKey: keys.privateKey },
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature,
        true,
      ),
      new x509.ExtendedKeyUsageExtension(Object.values(USAGE_OIDS)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(options.addresses?.length
        ? [
          new x509.SubjectAlternativeNameExtension(
            options.addresses.map((value) => ({ type: "ip" as const, value })),
          ),
        ]
        : []),
    ],
  });
  return {
    crt: encodePem(Label.certificate, new Uint8Array(certificate.rawData)),
    key: await exportKey(keys.privateKey),
  };
}

/** A CA that can sign. */
export class Ca {
  /** Its certificate, PEM. */
  readonly crt: string;
  readonly #keys: KeyPair;
  readonly #notAfter: number;

  private constructor(crt: string, keys: KeyPair, notAfter: number) {
    this.crt = crt;
    this.#keys = keys;
    this.#notAfter = notAfter;
  }

  /**
   * Reads a CA.
   *
   * @throws {CertificateError | PemError} when it is none, or the key is not
   * that of the certificate.
   */
  static async load({ crt, key }: PemPair): Promise<Ca> {
    const facts = await readCertificate(crt);
    if (!facts.isCa) throw new CertificateError("certificate is not of a CA");
    const keys = await importKey(key);
    if (await keyFingerprint(keys.publicKey) !== facts.keyFingerprint) {
      throw new CertificateError("key does not belong to the CA certificate");
    }
    return new Ca(crt, keys, facts.notAfter);
  }

  /** Signs a leaf; returns its certificate as PEM. */
  async issue(options: LeafOptions): Promise<string> {
    const x509 = await loadX509();
    const issuer = new x509.X509Certificate(this.crt);
    const now = (options.clock ?? systemClock).now();
    const end = now + (options.validityMs ?? DAY_MS);
    const alternatives = [
      ...(options.addresses ?? []).map((value) => {
        assert(isIP(value), `"${value}" is no address`);
        return { type: "ip" as const, value };
      }),
      ...(options.names ?? []).map((value) => ({
        type: "dns" as const,
        value,
      })),
    ];
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: randomSerial(),
      subject: await subjectOf(options.organizations ?? [], options.commonName),
      issuer: issuer.subjectName,
      notBefore: seconds(now - BACKDATE_MS),
      notAfter: seconds(Math.min(end, this.#notAfter)),
      signingAlgorithm: this.#keys.signing,
      publicKey: options.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.digitalSignature |
            (options.publicKey.algorithm.name.startsWith("RSA")
              ? x509.KeyUsageFlags.keyEncipherment
              : 0),
          true,
        ),
        new x509.ExtendedKeyUsageExtension(
          options.usages.map((usage) => USAGE_OIDS[usage]),
        ),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
        ...(alternatives.length === 0
          ? []
          : [new x509.SubjectAlternativeNameExtension(alternatives)]),
      ],
    });
    return encodePem(Label.certificate, new Uint8Array(certificate.rawData));
  }

  /** Makes a key and signs a leaf for it. */
  async issuePair(options: PairOptions): Promise<PemPair> {
    const keys = await generateKey(options.algorithm ?? "Ed25519");
    return {
      crt: await this.issue({ ...options, publicKey: keys.publicKey }),
      key: await exportKey(keys.privateKey),
    };
  }
}

/**
 * The certificate of a talosconfig. Without roles it carries one empty
 * organization, which is how seed-era admins look.
 */
export async function issueAdmin(
  ca: Ca,
  options: {
    readonly roles?: readonly string[];
    readonly addresses?: readonly string[];
    readonly validityMs?: number;
    readonly clock?: Pick<Clock, "now">;
  } = {},
): Promise<PemPair> {
  return await ca.issuePair({
    organizations: options.roles ?? [""],
    addresses: options.addresses ?? ["127.0.0.1"],
    usages: ["client"],
    validityMs: options.validityMs ?? TEN_YEARS_MS,
    clock: options.clock ?? systemClock,
  });
}
