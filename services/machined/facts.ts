/** What daemons are told of the node besides its config. */
import type { Clock } from "#lib/clock.ts";
import { rangesOverlap } from "#lib/net/ip.ts";
import type { NodeFacts } from "#lib/worker/protocol.ts";

/** One address of one interface. */
export interface InterfaceAddress {
  readonly name: string;
  readonly address: string;
}

/** Addresses that mean something to others: no loopback, no link-local. */
export function globalAddresses(all: readonly InterfaceAddress[]): string[] {
  const addresses = all.filter(({ name, address }) =>
    name !== "lo" &&
    !/^(127\.|169\.254\.|0\.|22[4-9]\.|23\d\.|::1$|fe[89ab]|ff)/i.test(address)
  ).map(({ address }) => address);
  return [...new Set(addresses)].sort();
}

/** The facts without the addresses that are of `subnets`. */
export function withoutPods(
  facts: NodeFacts,
  subnets: readonly string[],
): NodeFacts {
  const own = facts.addresses.filter((address) => {
    const single = `${address}/${address.includes(":") ? 128 : 32}`;
    return !subnets.some((subnet) => rangesOverlap(single, subnet));
  });
  return { ...facts, addresses: own };
}

/** Whether two sets of facts say the same. */
function sameFacts(a: NodeFacts, b: NodeFacts): boolean {
  return a.hostname === b.hostname && a.mode === b.mode &&
    a.version === b.version && a.addresses.join() === b.addresses.join();
}

/** How often the facts are looked at. */
const LOOK_MS = 30_000;

/** Calls `changed` whenever the facts differ. Ends with the signal. */
export async function watchFacts(
  { facts, clock, changed }: {
    readonly facts: () => NodeFacts;
    readonly clock: Clock;
    readonly changed: () => void;
  },
  signal: AbortSignal,
): Promise<void> {
  let last = facts();
  while (!signal.aborted) {
    await clock.sleep(LOOK_MS, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      const now = facts();
      if (!sameFacts(last, now)) changed();
      last = now;
    } catch {
      // Out of file descriptors, perhaps: the next look will do.
    }
  }
}
