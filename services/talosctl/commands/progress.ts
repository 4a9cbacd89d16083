/** Commands that wait for something: where their progress goes. */
import type { Context } from "../cli/context.ts";
import { formatItem, type Plain } from "../render/document.ts";
import { LiveLines } from "../render/live_lines.ts";

const TICK_MS = 1_000;

/**
 * Gives `use` a way to say lines on standard error while it runs; each begins
 * with what `stamp` makes of the monotonic time. An empty text is no line.
 */
export async function withLiveLines(
  { edge, clock, stamp }: Pick<Context, "edge" | "clock"> & {
    readonly stamp?: (nowMs: number) => string;
  },
  use: (say: (text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const lines = new LiveLines(edge.columns(), stamp);
  const over = new AbortController();
  const run = async () => {
    for (;;) {
      await clock.sleep(TICK_MS, over.signal);
      await edge.stderr(lines.tick(clock.monotonic()));
    }
  };
  // Ends with the sleep; a stderr that is gone shows in the next line.
  const ticking = run().catch(() => {});
  try {
    await use(async (text) => {
      if (text !== "") await edge.stderr(lines.say(text, clock.monotonic()));
    });
  } finally {
    over.abort();
    await ticking;
    await edge.stderr(lines.end());
  }
}

/** The same; or what is said is an item of the document that was asked for. */
export async function withLines(
  context: Context,
  use: (say: (text: string, plain: Plain) => Promise<void>) => Promise<void>,
): Promise<void> {
  const { edge, format } = context;
  if (format === "table") return await withLiveLines(context, use);
  await use((_text, plain) => edge.stdout(formatItem(format, plain)));
}
