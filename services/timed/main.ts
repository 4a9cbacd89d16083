/** timed, joined to the world. */
import { systemClock } from "#lib/clock.ts";
import { exchange } from "#lib/net/datagram.ts";
import { resolve } from "#lib/net/resolve.ts";
import { serveDaemon } from "#lib/rpc/local.ts";
import { bind } from "#lib/rpc/server.ts";
import { realSys } from "#lib/sys/real.ts";
import { runDaemon } from "#lib/worker/daemon.ts";
import { TimeService } from "#proto/time_pb.ts";
import { timeHandlers } from "./api.ts";
import { serversOf } from "./config.ts";
import { manifest } from "./manifest.ts";
import { Timed } from "./timed.ts";

/** Date.now() counts milliseconds, and half of one is an offset of its own. */
const clock = {
  ...systemClock,
  now: () => Number(Temporal.Now.instant().epochNanoseconds) / 1e6,
};

runDaemon(manifest, async (context) => {
  const { config, log, signal } = context;
  // The clock of a container is its host's.
  const owned = config.node.mode !== "container";
  const timed = new Timed({ servers: serversOf(config.config) }, {
    clock,
    exchange,
    resolve,
    log,
    nonce: () => crypto.getRandomValues(new BigUint64Array(1))[0]!,
    random: Math.random,
    ...(owned ? { sys: realSys } : {}),
    onSync: (text) => {
      context.notice(`Clock synchronised: ${text}`);
      if (owned) context.ready();
    },
  });
  context.onConfig((next) => timed.configure(serversOf(next.config)));
  const server = await serveDaemon({
    socket: manifest.socket,
    services: [bind(TimeService, timeHandlers(timed))],
    health: { ready: () => !owned || timed.synced, serving: () => true },
    log,
    signal,
  });
  if (!owned) context.ready();
  context.health(true, "");
  await timed.run(signal);
  await server.stop();
});
