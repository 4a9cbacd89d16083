/**
 * Keeps a certificate fresh: renews at half of its remaining life, after a
 * failure at half of what is left then, and looks at the clock again and again
 * because a node's clock may jump while it waits.
 */
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { Identity } from "../worker/protocol.ts";
import { readCertificate } from "./certificate.ts";

/** What {@linkcode keepRenewed} needs. */
export interface RenewalOptions {
  /** Makes or asks for the next identity. */
  readonly issue: (signal: AbortSignal) => Promise<Identity>;
  /** Called with the first and every following one. */
  readonly onIdentity: (identity: Identity) => void;
  /** Called after each failed attempt. */
  readonly onFailure?: (thrown: unknown) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Between attempts while there is nothing to use, as the seed era polls. */
export const RETRY_MS = 5_000;
/**
 * The first pause, doubled up to {@linkcode RETRY_MS}: nodes of one cluster
 * start together, and the peer that issues is up a moment later.
 */
const FIRST_RETRY_MS = 250;
/** A jump of the clock is seen after at most this. */
const LOOK_MS = 60_000;

/** Between attempts while the clock is behind the issuer's. */
const EARLY_MS = 30_000;

/** Life of the certificate that is in use. */
interface Life {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** When to renew, seen from `now`: half of what is left. */
function halfLife(life: Life, now: number): number {
  return now + Math.max((life.notAfter - now) / 2, RETRY_MS);
}

/** Waits until `due`, or until the certificate is not valid any more or yet. */
async function waitUntil(due: number, life: Life, options: RenewalOptions) {
  const { clock, signal } = options;
  while (true) {
    const now = clock.now();
    if (now >= due || now < life.notBefore) return;
    await clock.sleep(Math.min(due - now, LOOK_MS), signal);
  }
}

/**
 * Issues, delivers, waits, renews: until the signal aborts. Failures are
 * logged, never thrown.
 */
export async function keepRenewed(options: RenewalOptions): Promise<void> {
  const { clock, log, signal } = options;
  let life: Life | undefined;
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      const identity = await options.issue(signal);
      life = await readCertificate(identity.crt);
      options.onIdentity(identity);
      const until = new Date(life.notAfter).toISOString();
      log.info(`certificate is valid until ${until}`);
    } catch (thrown) {
      if (signal.aborted) return;
      log.warn("Cannot renew the certificate", thrown);
      options.onFailure?.(thrown);
    }
    try {
      if (life === undefined) {
        await clock.sleep(retryMs, signal);
        retryMs = Math.min(retryMs * 2, RETRY_MS);
      } else if (clock.now() < life.notBefore) {
        await clock.sleep(EARLY_MS, signal);
      } else await waitUntil(halfLife(life, clock.now()), life, options);
    } catch {
      return;
    }
  }
}
