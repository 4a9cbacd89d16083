/** The part of the machine config that timed is given. */
import { DEFAULT_SERVERS } from "./timed.ts";

/** More than this is a mistake. */
const SERVERS_MAX = 16;

/**
 * `machine.time.servers`. machined has validated the config; by hand anything
 * can come, and what is no list of names means the default.
 */
export function serversOf(
  config: Readonly<Record<string, unknown>>,
): readonly string[] {
  const machine = config.machine as { time?: { servers?: unknown } } | null;
  const servers = machine?.time?.servers;
  if (!Array.isArray(servers)) return DEFAULT_SERVERS;
  const names = servers.filter((name): name is string =>
    typeof name === "string" && name !== ""
  );
  return names.length > 0 ? names.slice(0, SERVERS_MAX) : DEFAULT_SERVERS;
}
