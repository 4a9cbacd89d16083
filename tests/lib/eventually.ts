/** Waiting for a condition instead of sleeping for a time. */
import { messageOf } from "#lib/errors.ts";

/**
 * Tries `condition` until it returns something truthy, which is returned.
 *
 * @throws {Error} after `withinMs` (default 10 s), with the last failure.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  options: { withinMs?: number; what?: string } = {},
): Promise<NonNullable<T>> {
  const { withinMs = 10_000, what = "condition" } = options;
  const end = performance.now() + withinMs;
  let last = "it stayed false";
  for (let pauseMs = 5;; pauseMs = Math.min(pauseMs * 2, 200)) {
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
