/**
 * The certificate that a control plane gives its own apid and trustd: issued
 * from the machine CA, renewed by itself, issued anew when the names or
 * addresses of the node change.
 */
import type { EffectiveConfig } from "#lib/config/mod.ts";
import type { Clock } from "#lib/clock.ts";
import { AgentError, messageOf } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import { urlHost } from "#lib/net/ip.ts";
import { issueNodeIdentity, nodeSubject } from "#lib/pki/identity.ts";
import { keepRenewed } from "#lib/pki/mod.ts";
import type { Identity, NodeFacts } from "#lib/worker/protocol.ts";

/** What a certificate is issued by and for. */
export interface IdentityRequest {
  readonly ca: { readonly crt: string; readonly key: string };
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

function hostOf(url: string): string[] {
  const host = urlHost(url);
  return host === "" ? [] : [host];
}

/** A machine CA that cannot issue certificates. */
export class CaError extends AgentError<{ readonly kind: "invalidArgument" }> {
  override name = "CaError";

  constructor(cause: unknown) {
    super(
      { kind: "invalidArgument" },
      `Cannot use machine.ca: ${messageOf(cause)}`,
    );
  }
}

/** What to issue; undefined where somebody else issues: on a worker. */
export function identityRequest(
  config: EffectiveConfig | undefined,
  facts: NodeFacts,
): IdentityRequest | undefined {
  const { crt, key } = config?.machine.ca ?? {};
  if (!config || crt === undefined || key === undefined) return undefined;
  const sans = [
    ...config.machine.certSANs ?? [],
    ...hostOf(config.cluster.controlPlane.endpoint),
  ];
  return { ca: { crt, key }, ...nodeSubject(facts, sans) };
}

/** Issues one. */
export function issueIdentity(request: IdentityRequest): Promise<Identity> {
  const { ca, names, addresses } = request;
  return issueNodeIdentity(ca, { names, addresses });
}

/** What {@linkcode IdentityKeeper} works with. */
export interface KeeperOptions {
  readonly issue: (request: IdentityRequest) => Promise<Identity>;
  readonly push: (identity: Identity) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps the certificate for the request that it was given last. */
export class IdentityKeeper {
  readonly #options: KeeperOptions;
  #request = "";
  #run = new AbortController();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Starts over when `request` is another one than before. */
  follow(request: IdentityRequest | undefined): void {
    const text = JSON.stringify(request ?? "");
    if (text === this.#request) return;
    this.#request = text;
    this.stop();
    if (!request) return;
    this.#run = new AbortController();
    const { issue, push, clock, log } = this.#options;
    void keepRenewed({
      issue: () => issue(request),
      onIdentity: push,
      clock,
      log,
      signal: this.#run.signal,
    });
  }

  stop(): void {
    this.#run.abort(new Error("stopped"));
  }
}
