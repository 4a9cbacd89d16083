/** Two chains under the same load in turns, so that both see the same machine. */
import { peerLoad } from "#tests/peer.ts";

/** How long each chain is loaded. */
export const SECONDS = Number(Deno.env.get("BENCH_SECONDS") ?? 4);

/** One way to the same backend. */
export interface Chain {
  readonly name: string;
  readonly endpoints: string;
}

/** Loads both chains in turns, so that both see the same machine. */
export async function compare(
  chains: readonly [Chain, Chain],
  flags: Readonly<Record<string, string | number | boolean>>,
) {
  const runs = [[], []] as Awaited<ReturnType<typeof peerLoad>>[][];
  for (let turn = 0; turn < 4; turn++) {
    const which = turn % 2;
    const load = await peerLoad({
      ...flags,
      endpoints: chains[which]!.endpoints,
      seconds: SECONDS / 2,
    });
    if (load.errors > 0) throw new Error(load.lastError);
    runs[which]!.push(load);
  }
  const best = (list: typeof runs[0]) =>
    list!.reduce((a, b) => a.perSecond > b.perSecond ? a : b);
  return { ours: best(runs[0]!), anchor: best(runs[1]!) };
}
