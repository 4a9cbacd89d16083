/**
 * The certificate of a node for its apid and trustd. A control plane issues
 * its own from the machine CA; a worker asks trustd of a control plane, with
 * the token of its config. Both are kept by `keepRenewed`.
 */
import { isIP } from "node:net";
import { SecurityService } from "#proto/security_pb.ts";
import type { Clock } from "../clock.ts";
import { AgentError, messageOf } from "../errors.ts";
import { canonicalAddress } from "../net/ip.ts";
import type { Resolve } from "../net/resolve.ts";
import { PORTS } from "../paths.ts";
import { connect, createClient } from "../rpc/client.ts";
import { Role } from "../rpc/roles.ts";
import type { Identity, NodeFacts } from "../worker/protocol.ts";
import { Ca, type Usage } from "./ca.ts";
import { certificateDer, isSignedBy, readCertificate } from "./certificate.ts";
import { createCsr } from "./csr.ts";
import { exportKey, generateKey, keyFingerprint } from "./keys.ts";
import { type PemPair, tlsKey } from "./pem.ts";

/** Names and addresses that a node's certificate carries. */
export interface NodeSubject {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

/**
 * The names and addresses of a node: its own, then `sans` (`machine.certSANs`,
 * on a control plane also the host of the cluster's endpoint).
 */
export function nodeSubject(
  node: Pick<NodeFacts, "hostname" | "addresses">,
  sans: readonly string[] = [],
): NodeSubject {
  const all = [...node.addresses, node.hostname, ...sans]
    .filter((one) => one !== "");
  const unique = [...new Set(all.map(canonicalAddress))];
  return {
    names: unique.filter((one) => !isIP(one)),
    addresses: unique.filter((one) => isIP(one)),
  };
}

/** What a control plane issues for itself. */
export interface NodeIdentityOptions extends NodeSubject {
  /** A control plane may speak for the clients that it has seen. */
  readonly roles?: readonly string[];
  readonly usages?: readonly Usage[];
  readonly validityMs?: number;
  readonly clock?: Pick<Clock, "now">;
}

/** Makes a key and signs its certificate; the key is in the form TLS takes. */
export async function issueNodeIdentity(
  pair: PemPair,
  options: NodeIdentityOptions,
): Promise<Identity> {
  const ca = await Ca.load(pair);
  const { roles, usages, ...rest } = options;
  const { crt, key } = await ca.issuePair({
    ...rest,
    organizations: roles ?? [Role.impersonator],
    usages: usages ?? ["server", "client"],
  });
  return { ca: pair.crt, crt, key: tlsKey(key) };
}

/** No trustd gave a certificate; each endpoint with its reason. */
export class IdentityError extends AgentError<
  { readonly kind: "identity"; readonly reasons: readonly string[] }
> {
  override name = "IdentityError";

  constructor(reasons: readonly string[]) {
    super(
      { kind: "identity", reasons },
      `Cannot get a certificate from trustd: ${reasons.join("; ")}`,
    );
  }
}

/** What a worker needs to ask for its certificate. */
export interface RequesterOptions {
  /** Hosts of control planes, tried in this order each time. */
  readonly endpoints: () => readonly string[];
  readonly port?: number;
  /** `machine.token`. */
  readonly token: string;
  /** `machine.ca.crt` as PEM; absent in configs of the seed era. */
  readonly ca?: string;
  readonly subject: () => NodeSubject;
  /** Addresses of a host; the sandbox of a worker has no getaddrinfo. */
  readonly resolve?: Resolve;
  /** Told once when there is no CA to verify trustd against. */
  readonly warn: (text: string) => void;
  /** For one endpoint. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/** Throws unless the answer is a certificate for our key by that CA. */
async function checkAnswer(answer: Identity, expected: string) {
  const facts = await readCertificate(answer.crt);
  if (facts.keyFingerprint !== expected) {
    throw new Error("the certificate is for another key");
  }
  if (!isSignedBy(answer.crt, answer.ca)) {
    throw new Error("the certificate is not signed by the CA");
  }
}

function sameCertificate(a: string, b: string): boolean {
  return certificateDer(a).join() === certificateDer(b).join();
}

/**
 * Returns the function that asks trustd for an identity, for `keepRenewed`. A
 * new key each time. Without a CA the first one that is seen is trusted, and
 * only it from then on.
 */
export function trustdRequester(
  options: RequesterOptions,
): (signal: AbortSignal) => Promise<Identity> {
  let ca = options.ca;
  const ask = async (host: string, signal: AbortSignal) => {
    const keys = await generateKey("Ed25519");
    const csr = await createCsr({ keys, ...options.subject() });
    const [address = host] = await options.resolve?.(host, signal) ?? [];
    const channel = connect({
      target: { host: address, port: options.port ?? PORTS.trustd },
      tls: ca === undefined ? { insecure: true } : { ca, serverName: host },
      metadata: { token: options.token },
    });
    try {
      const reply = await createClient(SecurityService, channel).certificate(
        { csr: new TextEncoder().encode(csr) },
        { signal, timeoutMs: options.timeoutMs ?? TIMEOUT_MS },
      );
      const key = await exportKey(keys.privateKey);
      const identity = {
        ca: new TextDecoder().decode(reply.ca),
        crt: new TextDecoder().decode(reply.crt),
        key: tlsKey(key),
      };
      await checkAnswer(identity, await keyFingerprint(keys.publicKey));
      if (ca !== undefined && !sameCertificate(identity.ca, ca)) {
        throw new Error("trustd answers with another CA");
      }
      return identity;
    } finally {
      channel.close();
    }
  };
  return async (signal) => {
    const reasons: string[] = [];
    for (const host of options.endpoints()) {
      signal.throwIfAborted();
      try {
        const identity = await ask(host, signal);
        if (ca === undefined) {
          options.warn(
            `trustd on ${host} could not be verified: the config has no ` +
              "machine.ca.crt; its CA is trusted from now on",
          );
          ca = identity.ca;
        }
        return identity;
      } catch (thrown) {
        reasons.push(`${host}: ${messageOf(thrown)}`);
      }
    }
    throw new IdentityError(
      reasons.length > 0 ? reasons : ["no control plane is known"],
    );
  };
}
