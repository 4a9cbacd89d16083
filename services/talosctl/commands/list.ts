/** `talosctl list`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf } from "../cli/command.ts";
import { printFiles, ROW_FLAGS } from "./files.ts";

export const list = leaf({
  name: "list",
  aliases: ["ls"],
  summary: "List files of a node",
  args: { usage: "[path]", min: 0, max: 1 },
  flags: {
    long: ROW_FLAGS.long,
    recurse: { type: "bool", short: "r", help: "directories below, too" },
    depth: {
      type: "int",
      short: "d",
      default: "0",
      help: "how deep to go, 0 for all the way; implies --recurse",
    },
    humanize: ROW_FLAGS.humanize,
  },
  async run(context) {
    const { flags } = context;
    const session = await context.session();
    const request = {
      root: context.args[0] ?? "/",
      recurse: flags.recurse || flags.depth > 0,
      recursionDepth: flags.depth,
    };
    return await printFiles(
      context,
      (onFailure) =>
        session.stream(MachineService.method.list, request, onFailure),
      { manyNodes: session.nodes.length > 1 },
    );
  },
});
