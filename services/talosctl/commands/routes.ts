/** `talosctl routes`. */
import { NetworkService } from "#proto/network_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { renderRoutes } from "../render/network.ts";
import { report } from "./report.ts";

export const routes = leaf({
  name: "routes",
  aliases: ["route"],
  summary: "List network routes",
  args: NO_ARGS,
  flags: {},
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(NetworkService.method.routes, {});
    return await report(context, answers, renderRoutes);
  },
});
