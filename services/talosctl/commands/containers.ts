/** `talosctl containers`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { renderContainers } from "../render/containers.ts";
import { NAMESPACE_FLAGS, namespaceOf } from "./namespace.ts";
import { report } from "./report.ts";

export const containers = leaf({
  name: "containers",
  aliases: ["c"],
  summary: "List containers",
  args: NO_ARGS,
  flags: NAMESPACE_FLAGS,
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(
      MachineService.method.containers,
      namespaceOf(context.flags),
    );
    return await report(context, answers, renderContainers);
  },
});
