/**
 * The time server of a local cluster: a small process of its own on the
 * gateway's address, which outlives the command that starts it.
 */
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { type Host, startDetached } from "./processes.ts";
import type { StatePaths } from "./state.ts";

/** Hidden command of talosctl: `cluster sntp-launch <state dir> <address>`. */
const SNTP_COMMAND = "sntp-launch";

/** How to run ourselves: a bundle, or main.ts of the checkout. */
function selfArgv(): string[] {
  const here = fileURLToPath(import.meta.url);
  const flags = ["run", "--quiet", "--no-prompt", "--allow-all"];
  if (here.endsWith(".js")) {
    return [Deno.execPath(), ...flags, "--no-config", "--no-lock", here];
  }
  return [Deno.execPath(), ...flags, join(dirname(here), "..", "main.ts")];
}

/** Starts it for the cluster in `paths`. */
export async function startSntp(
  host: Host,
  paths: StatePaths,
  gateway: string,
): Promise<void> {
  const argv = [...selfArgv(), "cluster", SNTP_COMMAND, paths.dir, gateway];
  await startDetached(host, argv, join(paths.dir, "sntp.log"));
}
