/** Commands that wait for something: where their progress goes. */
import type { Context } from "../cli/context.ts";
import { formatItem, type Plain } from "../render/document.ts";
import { LiveLines } from "../render/live_lines.ts";

const TICK_MS = 1_000;

/**
 * Runs `use`; what it says is a line on standard error, or an item of the
 * document that was asked for. An empty text is no line.
 */
export async function withLines(
  { edge, clock, format }: Context,
  use: (say: (text: string, plain: Plain) => Promise<void>) => Promise<void>,
): Promise<void> {
  const lines = new LiveLines(edge.columns());
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
    await use(async (text, plain) => {
      if (format !== "table") {
        return await edge.stdout(formatItem(format, plain));
      }
      if (text !== "") await edge.stderr(lines.say(text, clock.monotonic()));
    });
  } finally {
    over.abort();
    await ticking;
    await edge.stderr(lines.end());
  }
}
