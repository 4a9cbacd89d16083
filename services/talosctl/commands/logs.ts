/** `talosctl logs`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf } from "../cli/command.ts";
import { LineSplitter } from "../render/lines.ts";
import { NAMESPACE_FLAGS, namespaceOf } from "./namespace.ts";
import { argument } from "./report.ts";
import { printStream } from "./streams.ts";

export const logs = leaf({
  name: "logs",
  summary: "Print the log of a service",
  details:
    'With -k that of a container of Kubernetes, namespace/pod:container as\n"talosctl containers -k" names it.',
  args: { usage: "<service name>", min: 1, max: 1, complete: "service" },
  flags: {
    follow: { type: "bool", short: "f", help: "go on as lines are added" },
    tail: {
      type: "int",
      default: "-1",
      help: "only that many of the last lines, -1 for all",
    },
    ...NAMESPACE_FLAGS,
  },
  async run(context) {
    const { follow, tail } = context.flags;
    const session = await context.session();
    const request = {
      id: argument(context, 0),
      ...namespaceOf(context.flags),
      follow,
      tailLines: tail,
    };
    const splitter = new LineSplitter();
    return await printStream(
      context,
      (onFailure) =>
        session.stream(MachineService.method.logs, request, onFailure),
      {
        text: ({ node, message }) =>
          [...splitter.push(node, message.bytes)]
            .map((line) => `${node}: ${line}\n`).join(""),
        plain: ({ node, message }) =>
          [...splitter.push(node, message.bytes)]
            .map((line) => ({ node, line })),
        end: () => {
          const rest = [...splitter.end()];
          return {
            text: rest.map(({ node, line }) => `${node}: ${line}\n`).join(""),
            plain: rest,
          };
        },
      },
    );
  },
});
