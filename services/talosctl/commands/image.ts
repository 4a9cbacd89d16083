/** `talosctl image verify`: the image that nodes run from. */
import { ImageService } from "#proto/image_pb.ts";
import { group, leaf, NO_ARGS } from "../cli/command.ts";
import { EXIT } from "../cli/exit.ts";
import { renderVerifications } from "../render/image.ts";
import { report } from "./report.ts";

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
  summary: "Verify the image that nodes run from",
  flags: {},
  subcommands: [verify],
});
