/** `talosctl time`. */
import { TimeService } from "#proto/time_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { renderTime } from "../render/node_time.ts";
import { report } from "./report.ts";

export const time = leaf({
  name: "time",
  summary: "Show the time of nodes and of their time server",
  args: NO_ARGS,
  flags: {
    check: {
      type: "string",
      short: "c",
      help: "compare with this time server instead of the configured one",
    },
  },
  async run(context) {
    const session = await context.session();
    const server = context.flags.check;
    const answers = server
      ? await session.unary(TimeService.method.timeCheck, { server })
      : await session.unary(TimeService.method.time, {});
    return await report(context, answers, renderTime);
  },
});
