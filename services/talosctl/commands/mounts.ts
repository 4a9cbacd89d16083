/** `talosctl mounts`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { renderMounts } from "../render/mounts.ts";
import { report } from "./report.ts";

export const mounts = leaf({
  name: "mounts",
  aliases: ["mount"],
  summary: "List mounts",
  args: NO_ARGS,
  flags: {},
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(MachineService.method.mounts, {});
    return await report(context, answers, renderMounts);
  },
});
