/** networkd, joined to the world. */
import { systemClock } from "#lib/clock.ts";
import { ETC_DIR } from "#lib/paths.ts";
import { replaceFile } from "#lib/replace_file.ts";
import { serveDaemon } from "#lib/rpc/local.ts";
import { bind } from "#lib/rpc/server.ts";
import { realSys } from "#lib/sys/real.ts";
import { runDaemon } from "#lib/worker/daemon.ts";
import type { WorkerConfig } from "#lib/worker/protocol.ts";
import { NetworkService } from "#proto/network_pb.ts";
import { networkHandlers } from "./api.ts";
import { manifest } from "./manifest.ts";
import { Networkd } from "./networkd.ts";

runDaemon(manifest, async (context) => {
  const { log, signal } = context;
  const networkd = new Networkd({
    sys: realSys,
    clock: systemClock,
    log,
    writeEtc: (name, text) => replaceFile(`${ETC_DIR}/${name}`, text),
  });
  const apply = async (config: WorkerConfig) => {
    const problems = await networkd.apply(config);
    // Not unhealthy: who depends on us must run all the same.
    context.health(true, problems.join("; "));
    for (const problem of problems) context.notice(problem);
  };
  context.onConfig((config) => {
    apply(config).catch((thrown) => log.error("Cannot apply a config", thrown));
  });
  const server = await serveDaemon({
    socket: manifest.socket,
    services: [bind(NetworkService, networkHandlers(networkd.netlink))],
    health: { ready: () => networkd.ready, serving: () => true },
    log,
    signal,
  });
  await apply(context.config);
  context.ready();
  await server.stopped;
});
