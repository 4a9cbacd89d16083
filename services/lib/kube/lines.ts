/** Lines of a stream of text, each within a limit. */
import { KubeError } from "./errors.ts";

/** The lines of `body` without their ends; the last needs none. */
export async function* textLines(
  body: ReadableStream<Uint8Array>,
  limitBytes: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const piece of body) {
    held += decoder.decode(piece, { stream: true });
    const lines = held.split("\n");
    held = lines.pop()!;
    for (const line of lines) if (line !== "") yield line;
    if (held.length > limitBytes) {
      throw new KubeError(
        { kind: "answer", status: 200 },
        `a line of more than ${limitBytes} bytes`,
      );
    }
  }
  held += decoder.decode();
  if (held !== "") yield held;
}
