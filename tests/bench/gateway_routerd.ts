/** routerd as a worker, with one backend on a socket of the bench's own. */
import { dialUnix, listenUnix } from "#lib/relay/sockets.ts";
import { untilAborted } from "#lib/abort.ts";
import { runDaemon } from "#lib/worker/daemon.ts";
import { manifest } from "../../services/routerd/manifest.ts";
import { Routerd } from "../../services/routerd/routerd.ts";

runDaemon(manifest, async ({ config, log, signal, ready }) => {
  const { socket, backend } = config.config as Record<string, string>;
  const routerd = new Routerd({ log, dial: () => dialUnix(backend!) });
  const door = await listenUnix(
    socket!,
    (transport) => routerd.serve(transport),
    (thrown) => log.error("socket", thrown),
  );
  ready();
  await untilAborted(signal);
  await door.stop(100);
  routerd.close();
});
