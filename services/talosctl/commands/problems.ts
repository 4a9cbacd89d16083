/** What is wrong with a config file, as commands tell it. */
import { type Problem, problemText } from "#lib/config/mod.ts";
import { CliError, oneLine } from "../cli/errors.ts";

/** One line for each problem. */
export function problemLines(
  file: string,
  problems: readonly Problem[],
  label = "",
): string {
  return problems
    .map((one) => `${label}${oneLine(problemText(file, one))}\n`)
    .join("");
}

/** `x.yaml is not valid: 2 problems` */
export function invalidFile(
  what: string,
  problems: readonly Problem[],
): CliError {
  const count = problems.length === 1
    ? "1 problem"
    : `${problems.length} problems`;
  return new CliError("failure", `${what}: ${count}`);
}
