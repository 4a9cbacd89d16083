/** `talosctl apply-config`. */
import { readSource } from "#lib/config/mod.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { usageError } from "../cli/run.ts";
import { invalidFile, problemLines } from "./problems.ts";
import { readInput, reportQuietly } from "./report.ts";

export const applyConfig = leaf({
  name: "apply-config",
  aliases: ["apply"],
  summary: "Apply a new machine config to a node",
  details:
    `With --insecure it talks to a node that has no config yet: exactly one
--nodes, which is dialled directly; there is no certificate on either side
that could be verified, unless --cert-fingerprint repeats what the node's
console shows.`,
  args: NO_ARGS,
  flags: {
    file: {
      type: "string",
      short: "f",
      required: true,
      complete: "file",
      help: "path of the config",
    },
    insecure: {
      type: "bool",
      short: "i",
      help: "the node has no config and no certificate yet",
    },
    "cert-fingerprint": {
      type: "strings",
      help: "with --insecure: SHA-256 of the node's public key, base64",
    },
    "no-reboot": {
      type: "bool",
      help: "only store it; it is used from the next boot on",
    },
  },
  async run(context) {
    const { flags } = context;
    const fingerprints = flags["cert-fingerprint"];
    if (fingerprints.length > 0 && !flags.insecure) {
      throw usageError(context, "--cert-fingerprint needs --insecure");
    }
    const data = await readInput(context, flags.file);
    // What no node of any version could read is not sent to one.
    const { problems } = readSource(data);
    if (problems.length > 0) {
      await context.edge.stderr(problemLines(flags.file, problems));
      throw invalidFile(`Cannot apply "${flags.file}"`, problems);
    }
    const session = await context.session(
      flags.insecure ? { insecure: { fingerprints } } : {},
    );
    const answers = await session.unary(
      MachineService.method.applyConfiguration,
      { data, noReboot: flags["no-reboot"] },
      { once: true },
    );
    return await reportQuietly(context, answers);
  },
});
