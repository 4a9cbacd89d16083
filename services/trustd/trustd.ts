/**
 * trustd: signs what `grant.ts` grants with the machine CA. Knows neither the
 * network nor where its settings come from.
 */
import type { Clock } from "#lib/clock.ts";
import { AgentError } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import { Ca } from "#lib/pki/ca.ts";
import { readCsr } from "#lib/pki/csr.ts";
import type { Settings } from "./config.ts";
import { Gate } from "./gate.ts";
import { grant } from "./grant.ts";

/** A node that has no CA cannot sign. */
export class TrustdError extends AgentError<{ readonly kind: "unavailable" }> {
  override name = "TrustdError";

  constructor(message: string, options?: ErrorOptions) {
    super({ kind: "unavailable" }, message, options);
  }
}

/** What trustd is joined to. */
export interface TrustdEdges {
  readonly clock: Clock;
  readonly log: Logger;
}

/** A signed certificate with its CA, PEM. */
export interface Signed {
  readonly ca: string;
  readonly crt: string;
}

/** The service. */
export class Trustd {
  readonly gate: Gate;
  readonly #edges: TrustdEdges;
  #settings: Settings | undefined;
  #ca: Ca | undefined;
  #turns = 0;

  constructor(edges: TrustdEdges) {
    this.#edges = edges;
    this.gate = new Gate(edges.clock);
  }

  /** Takes new settings; the old ones stay when the CA cannot be used. */
  async configure(settings: Settings): Promise<void> {
    if (!settings.ca) {
      throw new TrustdError("the config has no machine CA with its key");
    }
    const turn = ++this.#turns;
    const ca = await Ca.load(settings.ca);
    // Newer ones came meanwhile.
    if (turn !== this.#turns) return;
    this.#ca = ca;
    this.#settings = settings;
    this.gate.setToken(settings.token);
  }

  /** Signs a leaf for servers: a day, no subject, what was granted. */
  async certificate(csr: string, peer: string): Promise<Signed> {
    const ca = this.#ca;
    const settings = this.#settings;
    if (!ca || !settings) throw new TrustdError("trustd is not configured yet");
    const asked = await readCsr(csr);
    const { names, addresses, dropped } = grant(asked, peer, {
      all: settings.reserved,
      dnsDomain: settings.dnsDomain,
    });
    const { clock, log } = this.#edges;
    const crt = await ca.issue({
      publicKey: asked.publicKey,
      names,
      addresses,
      usages: ["server"],
      clock,
    });
    const said = [...addresses, ...names].join(", ");
    log.info(`signed a certificate for ${said}`);
    if (dropped.length > 0) {
      const shown = dropped.slice(0, 8).map((one) => one.slice(0, 64));
      log.warn(`did not grant ${peer}: ${shown.join(", ")}`);
    }
    return { ca: ca.crt, crt };
  }
}
