/** Printing files of nodes: entries as rows, contents as bytes. */
import type { Data } from "#proto/common_pb.ts";
import { type FileInfo, FileInfoSchema } from "#proto/machine_pb.ts";
import type { Answer, NodeFailure } from "../client/answers.ts";
import type { Context } from "../cli/context.ts";
import { oneLine } from "../cli/errors.ts";
import { EXIT, type ExitCode } from "../cli/exit.ts";
import { toPlain } from "../render/document.ts";
import { listHeader, listRow, type ListStyle } from "../render/files.ts";
import { StreamTable } from "../render/stream_table.ts";
import { printStream } from "./streams.ts";

/** Rows that are aligned together; a larger tree is printed as it comes. */
const HOLD = 1_000;

/** Flags of commands that print rows. */
export const ROW_FLAGS = {
  long: { type: "bool", short: "l", help: "with mode, size and time" },
  humanize: { type: "bool", short: "H", help: "sizes for people" },
} as const;

type Open<M> = (
  onFailure: (failure: NodeFailure) => void,
) => AsyncIterable<Answer<M>>;

/** A row for each entry; those that could not be read are complained about. */
export async function printFiles(
  context: Context<typeof ROW_FLAGS>,
  open: Open<FileInfo>,
  options: { readonly manyNodes: boolean },
): Promise<ExitCode> {
  const { edge, flags, clock } = context;
  const style: ListStyle = {
    long: flags.long,
    humanize: flags.humanize,
    manyNodes: options.manyNodes,
    nowMs: clock.now(),
    zoneOffsetMinutes: edge.zoneOffsetMinutes,
  };
  const table = new StreamTable({ hold: HOLD });
  const header = listHeader(style);
  let printed = false;
  const complaints: string[] = [];
  const unreadable = (
    { node, message: { error, name } }: Answer<FileInfo>,
  ) => {
    if (error === "") return false;
    complaints.push(
      `${node}: error reading file ${oneLine(name)}: ${oneLine(error)}\n`,
    );
    return true;
  };
  const text = (answer: Answer<FileInfo>) => {
    if (unreadable(answer)) return "";
    const { node, message } = answer;
    const before = !printed && header ? table.add(header) : "";
    printed = true;
    return before + table.add(listRow(node, message, style));
  };
  const code = await printStream(context as unknown as Context, open, {
    text,
    plain: (answer) => {
      unreadable(answer);
      return [toPlain(FileInfoSchema, answer)];
    },
    end: () => ({ text: table.end(), plain: [] }),
  });
  await edge.stderr(complaints.join(""));
  return code === EXIT.ok && complaints.length > 0 ? EXIT.failure : code;
}

/** Bytes as they are; base64 in documents. */
export async function printBytes(
  context: Context,
  open: Open<Data>,
): Promise<ExitCode> {
  return await printStream(context, open, {
    text: ({ message }) => message.bytes,
    plain: ({ node, message }) => [{ node, bytes: message.bytes.toBase64() }],
  });
}
