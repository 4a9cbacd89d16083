/**
 * The time server of a local cluster: a small process of its own on the
 * gateway's address, which outlives the command that starts it.
 */
import { join } from "@std/path";
import { type Host, selfArgv, startDetached } from "./processes.ts";
import type { StatePaths } from "./state.ts";

/** Hidden command of talosctl: `cluster sntp-launch <state dir> <address>`. */
const SNTP_COMMAND = "sntp-launch";

/** Starts it for the cluster in `paths`. */
export async function startSntp(
  host: Host,
  paths: StatePaths,
  gateway: string,
): Promise<void> {
  const argv = [...selfArgv(), "cluster", SNTP_COMMAND, paths.dir, gateway];
  await startDetached(host, argv, join(paths.dir, "sntp.log"));
}
