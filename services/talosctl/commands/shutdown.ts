/** `talosctl shutdown`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { reportQuietly } from "./report.ts";

export const shutdown = leaf({
  name: "shutdown",
  summary: "Shut nodes down",
  args: NO_ARGS,
  flags: {},
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(
      MachineService.method.shutdown,
      {},
      { once: true },
    );
    return await reportQuietly(context, answers);
  },
});
