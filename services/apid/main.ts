/** apid, joined to the world. */
import { runDaemon } from "#lib/worker/daemon.ts";
import { runApid } from "./daemon.ts";
import { identityOf } from "./identity.ts";
import { manifest } from "./manifest.ts";

runDaemon(manifest, (context) => runApid(context, identityOf(context)));
