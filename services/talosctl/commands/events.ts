/** `talosctl events`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { EVENT_HEADER, eventPlain, eventRow } from "../render/events.ts";
import { StreamTable } from "../render/stream_table.ts";
import { usageError } from "../cli/run.ts";
import { printStream } from "./streams.ts";

/** Node, xid, the longest of our type URLs, source. */
const WIDTHS = [10, 20, 39, 14];

export const events = leaf({
  name: "events",
  summary: "Follow the events of nodes",
  details:
    `Goes on until Ctrl-C. Past events come first when one of --tail, --duration
or --since asks for them.`,
  args: NO_ARGS,
  flags: {
    tail: {
      type: "int",
      default: "0",
      help: "begin with that many past events, -1 for all",
    },
    duration: {
      type: "duration",
      default: "0s",
      help: "begin with the events of this long ago",
    },
    since: { type: "string", help: "begin after the event with this id" },
  },
  async run(context) {
    const { tail, duration, since } = context.flags;
    const asked = ["tail", "duration", "since"].filter((name) =>
      context.given.has(name)
    );
    if (asked.length > 1) {
      throw usageError(
        context,
        `--${asked.join(" and --")} exclude each other`,
      );
    }
    const session = await context.session();
    const table = new StreamTable({ widths: WIDTHS });
    if (context.format === "table") {
      await context.edge.stdout(table.add(EVENT_HEADER));
    }
    const request = {
      tailEvents: tail,
      tailId: since,
      tailSeconds: Math.ceil(duration / 1000),
    };
    return await printStream(
      context,
      (onFailure) =>
        session.stream(MachineService.method.events, request, onFailure),
      {
        text: ({ node, message }) => table.add(eventRow(node, message)),
        plain: ({ node, message }) => [eventPlain(node, message)],
      },
    );
  },
});
