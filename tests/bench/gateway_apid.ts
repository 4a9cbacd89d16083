/** apid as a worker, on addresses of the bench's own. */
import { runDaemon } from "#lib/worker/daemon.ts";
import { runApid } from "../../services/apid/daemon.ts";
import type { Addresses } from "../../services/apid/daemon.ts";
import { identityOf } from "../../services/apid/identity.ts";
import { manifest } from "../../services/apid/manifest.ts";

runDaemon(manifest, (context) => {
  const addresses = context.config.config.addresses as Addresses;
  return runApid(context, identityOf(context), addresses);
});
