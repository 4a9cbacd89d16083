/** `talosctl stats`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { renderStats } from "../render/stats.ts";
import { NAMESPACE_FLAGS, namespaceOf } from "./namespace.ts";
import { report } from "./report.ts";

export const stats = leaf({
  name: "stats",
  summary: "Show what containers use",
  args: NO_ARGS,
  flags: NAMESPACE_FLAGS,
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(
      MachineService.method.stats,
      namespaceOf(context.flags),
    );
    return await report(context, answers, renderStats);
  },
});
