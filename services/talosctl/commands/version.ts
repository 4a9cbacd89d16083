/** `talosctl version`. */
import { VERSION } from "#lib/version.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import type { Plain } from "../render/document.ts";
import {
  renderClientVersion,
  renderServerVersion,
  type VersionFacts,
} from "../render/version.ts";
import { settle } from "./report.ts";

function clientFacts({ edge }: Context): VersionFacts {
  return {
    tag: VERSION.tag,
    sha: VERSION.sha,
    built: VERSION.built,
    goVersion: edge.runtime,
    os: edge.os,
    arch: edge.arch,
  };
}

async function print(context: Context, value: Plain): Promise<void> {
  const { formatDocument } = await import("../render/document.ts");
  const format = context.format === "yaml" ? "yaml" : "json";
  await context.edge.stdout(formatDocument(format, value));
}

export const version = leaf({
  name: "version",
  summary: "Print the versions of talosctl and of nodes",
  args: NO_ARGS,
  flags: {
    client: { type: "bool", help: "print the version of talosctl only" },
    short: { type: "bool", help: "print one line each" },
  },
  async run(context) {
    const { edge, flags, format } = context;
    const facts = clientFacts(context);
    const plain = { ...facts };
    if (format === "table") {
      await edge.stdout(renderClientVersion(facts, flags.short));
    } else if (flags.client) await print(context, { client: plain });
    if (flags.client) return;
    const [session, { MachineService }] = await Promise.all([
      context.session(),
      import("#proto/machine_pb.ts"),
    ]);
    const answers = await session.unary(MachineService.method.version, {});
    if (format !== "table") {
      const { answersPlain } = await import("../render/document.ts");
      const server = answersPlain(answers);
      await print(context, { client: plain, server });
    } else if (answers.messages.length > 0) {
      await edge.stdout(renderServerVersion(answers.messages, flags.short));
    }
    return await settle(
      context,
      answers.messages.length,
      answers.failures,
    );
  },
});
