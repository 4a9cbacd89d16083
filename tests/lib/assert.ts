/**
 * The part of `@std/assert` that the tests use, on node:assert; the import map
 * calls it `@std/assert`, so that moving to the real one is one line.
 */
import nodeAssert from "node:assert/strict";

/** Throws unless `actual` and `expected` are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string) {
  if (message === undefined) nodeAssert.deepStrictEqual(actual, expected);
  else nodeAssert.deepStrictEqual(actual, expected, message);
}

/** Throws unless `condition` is truthy. */
export function assert(
  condition: unknown,
  message = "condition does not hold",
): asserts condition {
  nodeAssert.ok(condition, message);
}

/** Throws unless `text` contains `part`. */
export function assertStringIncludes(text: string, part: string) {
  if (!text.includes(part)) {
    throw new Error(`no "${part}" in:\n${text}`);
  }
}

/** Throws unless `text` matches `pattern`. */
export function assertMatch(text: string, pattern: RegExp) {
  nodeAssert.match(text, pattern);
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function checkError<E extends Error>(
  thrown: unknown,
  errorClass?: ErrorClass<E>,
  part?: string,
): E {
  if (errorClass && !(thrown instanceof errorClass)) {
    throw new Error(`expected ${errorClass.name}, got: ${thrown}`, {
      cause: thrown,
    });
  }
  if (part !== undefined) {
    assertStringIncludes(
      thrown instanceof Error ? thrown.message : String(thrown),
      part,
    );
  }
  return thrown as E;
}

/** Throws unless `fn` throws `errorClass` with `part` in its message. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  part?: string,
): E {
  try {
    fn();
  } catch (thrown) {
    return checkError(thrown, errorClass, part);
  }
  throw new Error("expected an error, none was thrown");
}

/** Throws unless the promise of `fn` rejects as {@linkcode assertThrows} wants. */
export async function assertRejects<E extends Error = Error>(
  fn: () => Promise<unknown>,
  errorClass?: ErrorClass<E>,
  part?: string,
): Promise<E> {
  try {
    await fn();
  } catch (thrown) {
    return checkError(thrown, errorClass, part);
  }
  throw new Error("expected a rejection, none came");
}

/** Throws if `actual` and `unwanted` are deeply equal. */
export function assertNotEquals<T>(actual: T, unwanted: T) {
  nodeAssert.notDeepStrictEqual(actual, unwanted);
}
