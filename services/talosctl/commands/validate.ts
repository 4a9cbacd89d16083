/** `talosctl validate`. */
import { check, type Mode, MODES } from "#lib/config/mod.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import type { Plain } from "../render/document.ts";
import { invalidFile, problemLines } from "./problems.ts";
import { readInput, reportLocal } from "./report.ts";

export const validate = leaf({
  name: "validate",
  summary: "Check a machine config",
  details:
    `Prints all problems at once, each with its place, and warnings. Mode metal
also looks whether the install disk exists on this machine.`,
  args: NO_ARGS,
  flags: {
    config: {
      type: "string",
      short: "c",
      required: true,
      complete: "file",
      help: "path of the config",
    },
    mode: {
      type: "string",
      short: "m",
      required: true,
      choices: MODES,
      help: "kind of platform that it is for",
    },
  },
  async run(context) {
    const { flags, edge } = context;
    const file = flags.config;
    const { problems, warnings } = check(
      await readInput(context, file),
      flags.mode as Mode,
      { exists: edge.existsSync },
    );
    const valid = problems.length === 0;
    await edge.stderr(
      problemLines(file, warnings, "warning: ") + problemLines(file, problems),
    );
    await reportLocal(
      context,
      {
        file,
        mode: flags.mode,
        valid,
        problems: problems as unknown as Plain,
        warnings: warnings as unknown as Plain,
      },
      valid ? `${file} is valid for ${flags.mode} mode\n` : "",
    );
    if (valid) return;
    const what = `${file} is not valid for ${flags.mode} mode`;
    throw invalidFile(what, problems);
  },
});
