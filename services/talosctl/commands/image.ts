/**
 * `talosctl image`: the image that nodes run from, verified and read by the
 * nodes themselves from its file, not through its mount.
 */
import { ImageService } from "#proto/image_pb.ts";
import { group, leaf, NO_ARGS } from "../cli/command.ts";
import { EXIT } from "../cli/exit.ts";
import { renderVerifications } from "../render/image.ts";
import { printBytes, printFiles, ROW_FLAGS } from "./files.ts";
import { argument, report } from "./report.ts";

const cat = leaf({
  name: "cat",
  summary: "Print a file of the image",
  details:
    `Every byte is verified before it is printed. Links are followed inside of the
image.`,
  args: { usage: "<path>", min: 1, max: 1 },
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const request = { path: argument(context, 0) };
    return await printBytes(
      context,
      (onFailure) =>
        session.stream(ImageService.method.readStream, request, onFailure),
    );
  },
});

const ls = leaf({
  name: "ls",
  summary: "List a directory of the image",
  details: "Follows no link: a link is listed as what it is.",
  args: { usage: "[path]", min: 0, max: 1 },
  flags: ROW_FLAGS,
  async run(context) {
    const session = await context.session();
    const request = { path: context.args[0] ?? "/" };
    return await printFiles(
      context,
      (onFailure) =>
        session.stream(ImageService.method.listStream, request, onFailure),
      { manyNodes: session.nodes.length > 1 },
    );
  },
});

const verify = leaf({
  name: "verify",
  summary: "Verify the running image of nodes, all of it",
  details:
    `Each node reads its image: the signature of the manifest, the hash tree, every
block. A row says what was found: the root hash to compare with that of the
build, or the first bad block. Exits with 1 when an image is not what was
signed.`,
  args: NO_ARGS,
  flags: {},
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(ImageService.method.verify, {});
    const code = await report(context, answers, renderVerifications);
    const bad = answers.messages.some(({ message }) => message.problem !== "");
    return code === EXIT.ok && bad ? EXIT.failure : code;
  },
});

export const image = group({
  name: "image",
  summary: "Verify and read the image that nodes run from",
  flags: {},
  subcommands: [cat, ls, verify],
});
