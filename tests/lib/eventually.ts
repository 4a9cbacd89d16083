/** Waiting for a condition instead of sleeping for a time. */
import { messageOf } from "#lib/errors.ts";

/**
 * Tries `condition` until it returns something truthy, which is returned.
 *
 * The pauses between two tries grow to `pauseMs` (default 200).
 *
 * @throws {Error} after `withinMs` (default 10 s), with the last failure.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  options: { withinMs?: number; what?: string; pauseMs?: number } = {},
): Promise<NonNullable<T>> {
  const { withinMs = 10_000, what = "condition", pauseMs: longest = 200 } =
    options;
  const end = performance.now() + withinMs;
  let last = "it stayed false";
  for (let pauseMs = 5;; pauseMs = Math.min(pauseMs * 2, longest)) {
    try {
      const value = await condition();
      if (value) return value;
    } catch (thrown) {
      last = messageOf(thrown);
    }
    if (performance.now() > end) {
      throw new Error(`${what} did not come true in ${withinMs} ms: ${last}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
