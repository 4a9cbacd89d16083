/** `talosctl read`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf } from "../cli/command.ts";
import { printBytes } from "./files.ts";
import { argument } from "./report.ts";

export const read = leaf({
  name: "read",
  summary: "Print a file of a node",
  args: { usage: "<path>", min: 1, max: 1 },
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const request = { path: argument(context, 0) };
    return await printBytes(
      context,
      (onFailure) =>
        session.stream(MachineService.method.read, request, onFailure),
    );
  },
});
