/** Lines for the person who waits: standard error, never standard output. */

const encoder = new TextEncoder();

/** Prints one line. */
export function say(text: string): void {
  Deno.stderr.writeSync(encoder.encode(`${text}\n`));
}
