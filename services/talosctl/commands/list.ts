/** `talosctl list`. */
import {
  type FileInfo,
  FileInfoSchema,
  MachineService,
} from "#proto/machine_pb.ts";
import type { Answer } from "../client/answers.ts";
import { leaf } from "../cli/command.ts";
import { oneLine } from "../cli/errors.ts";
import { EXIT } from "../cli/exit.ts";
import { toPlain } from "../render/document.ts";
import { listHeader, listRow, type ListStyle } from "../render/files.ts";
import { StreamTable } from "../render/stream_table.ts";
import { printStream } from "./streams.ts";

/** Rows that are aligned together; a larger tree is printed as it comes. */
const HOLD = 1_000;

export const list = leaf({
  name: "list",
  aliases: ["ls"],
  summary: "List files of a node",
  args: { usage: "[path]", min: 0, max: 1 },
  flags: {
    long: { type: "bool", short: "l", help: "with mode, size and time" },
    recurse: { type: "bool", short: "r", help: "directories below, too" },
    depth: {
      type: "int",
      short: "d",
      default: "0",
      help: "how deep to go, 0 for all the way; implies --recurse",
    },
    humanize: { type: "bool", short: "H", help: "sizes for people" },
  },
  async run(context) {
    const { edge, flags, clock } = context;
    const session = await context.session();
    const style: ListStyle = {
      long: flags.long,
      humanize: flags.humanize,
      manyNodes: session.nodes.length > 1,
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
    const code = await printStream(
      context,
      (onFailure) =>
        session.stream(MachineService.method.list, {
          root: context.args[0] ?? "/",
          recurse: flags.recurse || flags.depth > 0,
          recursionDepth: flags.depth,
        }, onFailure),
      {
        text,
        plain: (answer) => {
          unreadable(answer);
          return [toPlain(FileInfoSchema, answer)];
        },
        end: () => ({ text: table.end(), plain: [] }),
      },
    );
    await edge.stderr(complaints.join(""));
    return code === EXIT.ok && complaints.length > 0 ? EXIT.failure : code;
  },
});
