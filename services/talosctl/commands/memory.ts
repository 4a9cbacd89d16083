/** `talosctl memory`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { renderMemory, renderMemoryVerbose } from "../render/memory.ts";
import { report } from "./report.ts";

export const memory = leaf({
  name: "memory",
  aliases: ["m", "free"],
  summary: "Show the memory of nodes",
  args: NO_ARGS,
  flags: {
    verbose: { type: "bool", short: "v", help: "print all of /proc/meminfo" },
  },
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(MachineService.method.memory, {});
    const { verbose } = context.flags;
    return await report(
      context,
      answers,
      verbose ? renderMemoryVerbose : renderMemory,
    );
  },
});
