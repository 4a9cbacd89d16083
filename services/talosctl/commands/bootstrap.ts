/** `talosctl bootstrap`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { reportQuietly } from "./report.ts";

export const bootstrap = leaf({
  name: "bootstrap",
  summary: "Begin the cluster's etcd on a control plane",
  details:
    `The other control planes join by themselves. Done once in the life of a cluster:
refused where etcd has data or members.`,
  args: NO_ARGS,
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const { method } = MachineService;
    const answers = await session.unary(method.bootstrap, {}, { once: true });
    return await reportQuietly(context, answers);
  },
});
