/** `talosctl dmesg`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { printableLine } from "../render/lines.ts";
import { printStream } from "./streams.ts";

/** A frame is one message of the kernel, with or without its newline. */
function lines(bytes: Uint8Array): string[] {
  const end = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
  const text = bytes.subarray(0, end);
  const found: string[] = [];
  for (let from = 0; from <= text.length;) {
    const at = text.indexOf(0x0a, from);
    const to = at < 0 ? text.length : at;
    found.push(printableLine(text.subarray(from, to)));
    from = to + 1;
  }
  return found;
}

export const dmesg = leaf({
  name: "dmesg",
  summary: "Print the kernel's messages",
  args: NO_ARGS,
  flags: {
    follow: { type: "bool", short: "f", help: "go on as messages are added" },
    tail: { type: "bool", help: "with --follow: only what is added" },
  },
  async run(context) {
    const { follow, tail } = context.flags;
    const session = await context.session();
    return await printStream(
      context,
      (onFailure) =>
        session.stream(
          MachineService.method.dmesg,
          { follow, tail },
          onFailure,
        ),
      {
        text: ({ node, message }) =>
          lines(message.bytes).map((line) => `${node}: ${line}\n`).join(""),
        plain: ({ node, message }) =>
          lines(message.bytes).map((line) => ({ node, line })),
      },
    );
  },
});
