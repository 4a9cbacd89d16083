/**
 * The commands, each loaded when it is used: `talosctl version --client`
 * reads one of these files and nothing of gRPC. Alphabetical. Name, aliases
 * and summary stand here once more for the overview; a test holds them equal
 * to the command's own.
 */
import type { LazyCommand } from "./cli/command.ts";

export const COMMANDS: readonly LazyCommand[] = [
  {
    name: "completion",
    summary: "Print the completion script of a shell",
    load: () => import("./commands/completion.ts").then((m) => m.completion),
  },
  {
    name: "version",
    summary: "Print the versions of talosctl and of nodes",
    load: () => import("./commands/version.ts").then((m) => m.version),
  },
];
