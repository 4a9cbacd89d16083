/**
 * Streams of bytes from several nodes, cut into lines: what one node sends in
 * pieces is one line, and lines of nodes never mix. Pure.
 */

/** A longer line is cut, so that a node cannot fill our memory. */
const LINE_BYTES_MAX = 1 << 20;

/** A terminal obeys these; a log line must not steer it. Tab may stay. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/g;

/** One line of a node as text, safe to print. */
export function printableLine(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return text.replace(/\r$/, "").replace(
    CONTROL,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Cuts the streams of any number of nodes. */
export class LineSplitter {
  /** What came after the last newline, by node. */
  readonly #partial = new Map<string, Uint8Array>();

  /** The lines that `chunk` completes. */
  *push(node: string, chunk: Uint8Array): Iterable<string> {
    const before = this.#partial.get(node);
    let rest = chunk;
    if (before && before.length > 0) {
      rest = new Uint8Array(before.length + chunk.length);
      rest.set(before);
      rest.set(chunk, before.length);
    }
    for (;;) {
      const end = rest.indexOf(0x0a);
      if (end < 0 && rest.length <= LINE_BYTES_MAX) break;
      const cut = end < 0 ? LINE_BYTES_MAX : Math.min(end, LINE_BYTES_MAX);
      yield printableLine(rest.subarray(0, cut));
      rest = rest.subarray(cut === end ? cut + 1 : cut);
    }
    this.#partial.set(node, rest.slice());
  }

  /** What is left of each node when its stream has ended without a newline. */
  *end(): Iterable<{ node: string; line: string }> {
    for (const [node, rest] of this.#partial) {
      if (rest.length > 0) yield { node, line: printableLine(rest) };
    }
    this.#partial.clear();
  }
}
