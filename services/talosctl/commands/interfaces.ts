/** `talosctl interfaces`. */
import { NetworkService } from "#proto/network_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { renderInterfaces } from "../render/network.ts";
import { report } from "./report.ts";

export const interfaces = leaf({
  name: "interfaces",
  summary: "List network interfaces",
  args: NO_ARGS,
  flags: {},
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(NetworkService.method.interfaces, {});
    return await report(context, answers, renderInterfaces);
  },
});
