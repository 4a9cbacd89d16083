/**
 * Programmer errors: a failed assertion ends the worker, and the supervisor
 * starts it again. Operating errors are not asserted, see errors.ts.
 */

/** A broken promise between two pieces of our own code. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Throws {@linkcode AssertionError} with `message` unless `condition` holds. */
export function assert(
  condition: unknown,
  message: string,
): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value ${JSON.stringify(value)}`);
}
