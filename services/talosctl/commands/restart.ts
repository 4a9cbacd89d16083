/** `talosctl restart`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf } from "../cli/command.ts";
import { NAMESPACE_FLAGS, namespaceOf } from "./namespace.ts";
import { argument, reportQuietly } from "./report.ts";

export const restart = leaf({
  name: "restart",
  summary: "Restart a container",
  details:
    'Ends the container\'s process; its supervisor starts it again. For a\nservice see "talosctl service <id> restart".',
  args: { usage: "<id>", min: 1, max: 1 },
  flags: NAMESPACE_FLAGS,
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(
      MachineService.method.restart,
      { id: argument(context, 0), ...namespaceOf(context.flags) },
      { once: true },
    );
    return await reportQuietly(context, answers);
  },
});
