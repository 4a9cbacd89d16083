/** routerd, joined to the world. */
import { dialUnix, listenUnix } from "#lib/relay/sockets.ts";
import { untilAborted } from "#lib/abort.ts";
import { runDaemon } from "#lib/worker/daemon.ts";
import { manifest } from "./manifest.ts";
import { Routerd } from "./routerd.ts";

/** Calls that run get this long when it stops. */
const GRACE_MS = 2_000;

runDaemon(manifest, async ({ log, signal, ready, health }) => {
  const routerd = new Routerd({ log, dial: dialUnix });
  const door = await listenUnix(
    manifest.socket,
    (transport) => routerd.serve(transport),
    (thrown) => log.error("socket", thrown),
  );
  ready();
  health(true, "");
  await untilAborted(signal);
  await door.stop(GRACE_MS);
  routerd.close();
});
