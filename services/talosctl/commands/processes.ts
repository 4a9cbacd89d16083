/** `talosctl processes`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import type { ExitCode } from "../cli/exit.ts";
import {
  PROCESS_ORDERS,
  type ProcessOrder,
  renderProcesses,
} from "../render/processes.ts";
import { report } from "./report.ts";

/** How often `--watch` looks again. */
const WATCH_MS = 1_000;
/** Cursor to the top left, then clear to the end: no flicker. */
const HOME = "\x1b[H\x1b[J";

async function show(context: Context, order: ProcessOrder): Promise<ExitCode> {
  const session = await context.session();
  const answers = await session.unary(MachineService.method.processes, {});
  return await report(
    context,
    answers,
    (messages) => renderProcesses(messages, order),
  );
}

export const processes = leaf({
  name: "processes",
  aliases: ["p", "ps"],
  summary: "List processes",
  args: NO_ARGS,
  flags: {
    sort: {
      type: "string",
      short: "s",
      default: "rss",
      choices: PROCESS_ORDERS,
      help: "column to sort by",
    },
    watch: { type: "bool", short: "w", help: "again every second" },
  },
  async run(context) {
    const order = context.flags.sort as ProcessOrder;
    if (!context.flags.watch) return await show(context, order);
    for (;;) {
      if (context.format === "table") await context.edge.stdout(HOME);
      await show(context, order);
      await context.clock.sleep(WATCH_MS, context.signal);
    }
  },
});
