/** Commands whose answer is a stream: the loop that they share. */
import type { Answer, NodeFailure } from "../client/answers.ts";
import type { Context } from "../cli/context.ts";
import type { ExitCode } from "../cli/exit.ts";
import { failurePlain, formatItem, type Plain } from "../render/document.ts";
import { settle } from "./report.ts";

/** What a streaming command does with its frames. */
export interface Frames<M> {
  /** Text of one frame for the table format; may be empty. */
  text(answer: Answer<M>): string | Uint8Array;
  /** The same as plain data, any number of items. */
  plain(answer: Answer<M>): Iterable<Plain>;
  /** What is left when the stream has ended. */
  end?(): { text: string; plain: Iterable<Plain> };
}

/** Prints frames as they come; failed nodes are told at once. */
export async function printStream<M>(
  context: Context,
  open: (onFailure: (failure: NodeFailure) => void) => AsyncIterable<Answer<M>>,
  frames: Frames<M>,
): Promise<ExitCode> {
  const { edge, format } = context;
  const failures: NodeFailure[] = [];
  const answered = new Set<string>();
  const items = async (plain: Iterable<Plain>) => {
    if (format === "table") return;
    for (const item of plain) await edge.stdout(formatItem(format, item));
  };
  const stream = open((failure) => failures.push(failure));
  for await (const answer of stream) {
    answered.add(answer.node);
    if (format !== "table") await items(frames.plain(answer));
    else {
      const text = frames.text(answer);
      if (text.length > 0) await edge.stdout(text);
    }
  }
  const rest = frames.end?.();
  if (rest && format === "table") await edge.stdout(rest.text);
  if (rest) await items(rest.plain);
  if (answered.size > 0) await items(failures.map(failurePlain));
  return await settle(context, answered.size, failures);
}
