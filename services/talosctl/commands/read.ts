/** `talosctl read`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf } from "../cli/command.ts";
import { argument } from "./report.ts";
import { printStream } from "./streams.ts";

export const read = leaf({
  name: "read",
  summary: "Print a file of a node",
  args: { usage: "<path>", min: 1, max: 1 },
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const request = { path: argument(context, 0) };
    return await printStream(
      context,
      (onFailure) =>
        session.stream(MachineService.method.read, request, onFailure),
      {
        text: ({ message }) => message.bytes,
        plain: ({ node, message }) => [
          { node, bytes: message.bytes.toBase64() },
        ],
      },
    );
  },
});
