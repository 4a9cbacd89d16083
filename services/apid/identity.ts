/**
 * The certificate that apid shows: where it comes from, and what it is good
 * for. A control plane is given one by machined; a worker asks trustd, with
 * the token of its config, and again before it expires.
 */
import { systemClock } from "#lib/clock.ts";
import { urlHost } from "#lib/net/ip.ts";
import { resolve } from "#lib/net/resolve.ts";
import {
  decodePem,
  fromBase64,
  keepRenewed,
  Label,
  readSubject,
} from "#lib/pki/mod.ts";
import type { DaemonContext } from "#lib/worker/daemon.ts";
import type { Identity, WorkerConfig } from "#lib/worker/protocol.ts";

/** Hands out identities, the first and each that replaces it. */
export interface IdentitySource {
  /** Calls back now if there is one, and again with each new one. */
  watch(callback: (identity: Identity) => void): void;
}

/** An identity that others set. */
export class CurrentIdentity implements IdentitySource {
  #current: Identity | undefined;
  readonly #callbacks: ((identity: Identity) => void)[] = [];

  /** There is one. */
  get known(): boolean {
    return this.#current !== undefined;
  }

  /** Sets it; unchanged ones are not told. */
  set(identity: Identity): void {
    const old = this.#current;
    if (
      old?.crt === identity.crt && old.key === identity.key &&
      old.ca === identity.ca
    ) return;
    this.#current = identity;
    for (const callback of this.#callbacks) callback(identity);
  }

  watch(callback: (identity: Identity) => void): void {
    this.#callbacks.push(callback);
    if (this.#current) callback(this.#current);
  }
}

/** Whether a PEM certificate may be shown as a client. */
export function isClientCertificate(crt: string): boolean {
  const { der } = decodePem(crt, [Label.certificate]);
  return readSubject(der).usages.includes("client");
}

/** What a worker's config says about trustd. */
export interface TrustdConfig {
  readonly host: string;
  readonly token: string;
  readonly ca?: string;
  readonly sans: readonly string[];
}

function at(config: unknown, ...keys: string[]): unknown {
  let value = config;
  for (const key of keys) {
    value = typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)[key]
      : undefined;
  }
  return value;
}

/** Reads it; undefined when the config does not say where trustd is. */
export function trustdConfig(
  config: WorkerConfig["config"],
): TrustdConfig | undefined {
  const endpoint = at(config, "cluster", "controlPlane", "endpoint");
  const token = at(config, "machine", "token");
  if (typeof endpoint !== "string" || typeof token !== "string") {
    return undefined;
  }
  const host = urlHost(endpoint);
  if (!host) return undefined;
  const ca = at(config, "machine", "ca", "crt");
  const sans = at(config, "machine", "certSANs");
  return {
    host,
    token,
    ...(typeof ca === "string" && ca !== "" ? { ca: fromBase64(ca) } : {}),
    sans: Array.isArray(sans) ? sans.map(String) : [],
  };
}

/**
 * The source of this daemon: what machined gives, and as long as it gives
 * nothing, trustd.
 */
export function identityOf(context: DaemonContext): IdentitySource {
  const identity = new CurrentIdentity();
  let asking: AbortController | undefined;
  const take = (config: WorkerConfig) => {
    asking?.abort();
    if (config.identity) {
      identity.set(config.identity);
      return;
    }
    asking = new AbortController();
    const signal = AbortSignal.any([context.signal, asking.signal]);
    void askTrustd(context, config, { identity, signal });
  };
  take(context.config);
  context.onConfig(take);
  return identity;
}

async function askTrustd(
  context: DaemonContext,
  { config, node, controlPlanes = [] }: WorkerConfig,
  { identity, signal }: { identity: CurrentIdentity; signal: AbortSignal },
): Promise<void> {
  const { log } = context;
  const trustd = trustdConfig(config);
  if (!trustd) {
    context.health(false, "no certificate, and no trustd to ask for one");
    return;
  }
  // It brings a gRPC client with it, which a control plane does not need.
  const { nodeSubject, trustdRequester } = await import("#lib/pki/identity.ts");
  const { host, token, ca, sans } = trustd;
  await keepRenewed({
    issue: trustdRequester({
      // The host may be a balancer, whose address is not ours to trustd.
      endpoints: () => [...controlPlanes, host],
      token,
      ...(ca === undefined ? {} : { ca }),
      resolve,
      subject: () => nodeSubject(node, sans),
      warn: (text) => {
        log.warn(text);
        context.notice(text);
      },
    }),
    onIdentity: (next) => identity.set(next),
    onFailure: () => {
      if (identity.known) return;
      context.health(false, "no certificate from trustd yet");
    },
    clock: systemClock,
    log,
    signal,
  });
}
