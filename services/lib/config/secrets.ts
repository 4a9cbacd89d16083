/**
 * The secrets of a new cluster (reference: section 4): three CAs, the admin's
 * certificate, two tokens, the key of secrets at rest.
 */
import { type Clock, systemClock } from "../clock.ts";
import { AgentError } from "../errors.ts";
import { Ca, generateCa, issueAdmin } from "../pki/ca.ts";
import type { KeyAlgorithm } from "../pki/keys.ts";
import type { PemPair } from "../pki/pem.ts";
import type { MachineConfig } from "./v1alpha1/types.ts";

/** All that must not be known outside of a cluster. */
export interface Secrets {
  readonly machineCa: PemPair;
  readonly kubernetesCa: PemPair;
  readonly etcdCa: PemPair;
  /** The client certificate of the talosconfig. */
  readonly admin: PemPair;
  readonly machineToken: string;
  readonly clusterToken: string;
  /** Base64 of 32 bytes. */
  readonly aescbcEncryptionSecret: string;
}

/** How secrets are made. */
export interface SecretsOptions {
  /** The dates of the certificates count from its now. */
  readonly clock?: Pick<Clock, "now">;
  /** The family of the address in the admin's certificate. */
  readonly ipv6?: boolean;
  /** Of the CAs of Kubernetes and etcd; RSA-4096 as in the seed era. */
  readonly algorithm?: KeyAlgorithm;
}

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
/** Bytes from here on would make some letters likelier than others. */
const FAIR_BELOW = 256 - 256 % ALPHABET.length;

/** `length` letters and digits, each as likely as the others. */
function randomWord(length: number): string {
  let word = "";
  while (word.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length * 2))) {
      if (byte < FAIR_BELOW && word.length < length) {
        word += ALPHABET[byte % ALPHABET.length];
      }
    }
  }
  return word;
}

/** A token in the shape of kubeadm: six characters, a dot, sixteen more. */
export function randomToken(): string {
  return `${randomWord(6)}.${randomWord(16)}`;
}

function randomKey(): string {
  return btoa(
    String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))),
  );
}

async function issueAdminFor(
  machineCa: PemPair,
  { clock = systemClock, ipv6 = false }: SecretsOptions,
): Promise<PemPair> {
  return await issueAdmin(await Ca.load(machineCa), {
    clock,
    addresses: [ipv6 ? "::1" : "127.0.0.1"],
  });
}

/** Makes the secrets of a new cluster; two RSA keys take a few seconds. */
export async function generateSecrets(
  options: SecretsOptions = {},
): Promise<Secrets> {
  const { clock = systemClock, algorithm = "RSA-4096" } = options;
  const [machineCa, kubernetesCa, etcdCa] = await Promise.all([
    generateCa({ kind: "machine", clock }),
    generateCa({ kind: "kubernetes", clock, algorithm }),
    generateCa({ kind: "etcd", clock, algorithm }),
  ]);
  return {
    machineCa,
    kubernetesCa,
    etcdCa,
    admin: await issueAdminFor(machineCa, options),
    machineToken: randomToken(),
    clusterToken: randomToken(),
    aescbcEncryptionSecret: randomKey(),
  };
}

/** A config that lacks the secrets of a cluster. */
export class SecretsError extends AgentError<{
  readonly kind: "failed-precondition";
  readonly missing: readonly string[];
}> {
  override name = "SecretsError";

  constructor(missing: readonly string[]) {
    super(
      { kind: "failed-precondition", missing },
      `Cannot take the secrets of the cluster from this config: no ${
        missing.join(", ")
      }`,
    );
  }
}

/**
 * The secrets of a running cluster, from the config of a control plane, with a
 * new certificate for an admin.
 *
 * @throws {SecretsError} with a worker's config.
 */
export async function secretsOf(
  config: MachineConfig,
  options: SecretsOptions = {},
): Promise<Secrets> {
  const { machine, cluster } = config;
  const missing: string[] = [];
  const pairOf = (path: string, pair: Partial<PemPair> = {}): PemPair => {
    const { crt, key } = pair;
    if (crt === undefined || key === undefined) missing.push(path);
    return { crt: crt ?? "", key: key ?? "" };
  };
  const textOf = (path: string, text: string | undefined): string => {
    if (text === undefined) missing.push(path);
    return text ?? "";
  };
  const known = {
    machineCa: pairOf("machine.ca", machine?.ca),
    kubernetesCa: pairOf("cluster.ca", cluster?.ca),
    etcdCa: pairOf("cluster.etcd.ca", cluster?.etcd?.ca),
    machineToken: textOf("machine.token", machine?.token),
    clusterToken: textOf("cluster.token", cluster?.token),
    // Absent in configs that were written by hand: secrets are not encrypted.
    aescbcEncryptionSecret: cluster?.aescbcEncryptionSecret ?? randomKey(),
  };
  if (missing.length > 0) throw new SecretsError(missing);
  return { ...known, admin: await issueAdminFor(known.machineCa, options) };
}
