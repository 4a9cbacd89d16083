/**
 * Operating errors: expected, typed, handled. Each area derives one class with
 * a union of problems and one exhaustive `describe()`; the problem is plain
 * data, so that it crosses a message port.
 *
 * Text: action, quoted values, colon, cause; no final period, for instance
 * `Cannot mount "/dev/vda6" on "/var": ENODEV`. The outer message never
 * repeats the inner one; only the log and talosctl print the chain.
 */

/** An expected failure, with what is known about it as data. */
export class AgentError<P extends { kind: string }> extends Error {
  override name = "AgentError";
  readonly problem: P;

  constructor(problem: P, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}

/** The message of anything that was thrown, without its causes. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return String(thrown);
}

/** How many causes {@linkcode chainOf} follows; a cycle must end somewhere. */
const CHAIN_LIMIT = 16;

/** The messages of `thrown` and its causes, outermost first, joined by ": ". */
export function chainOf(thrown: unknown): string {
  const messages: string[] = [];
  let next: unknown = thrown;
  while (next !== undefined && messages.length < CHAIN_LIMIT) {
    messages.push(messageOf(next));
    next = next instanceof Error ? next.cause : undefined;
  }
  return messages.join(": ");
}
