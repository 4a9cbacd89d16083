/** Printing what nodes answered: the common end of most commands. */
import type { Message } from "@bufbuild/protobuf";
import type { Answer, Answers, NodeFailure } from "../client/answers.ts";
import type { Context } from "../cli/context.ts";
import type { FileData } from "../cli/edge.ts";
import { CliError } from "../cli/errors.ts";
import { EXIT, type ExitCode } from "../cli/exit.ts";

/** One `WARNING:` line per node that failed. */
export async function warn(
  { edge }: Context,
  failures: readonly NodeFailure[],
): Promise<void> {
  for (const { node, error } of failures) {
    await edge.stderr(`WARNING: ${node}: ${error}\n`);
  }
}

/** Throws when nobody answered; otherwise warns and says the exit code. */
export async function settle(
  context: Context,
  answered: number,
  failures: readonly NodeFailure[],
): Promise<ExitCode> {
  if (failures.length === 0) return EXIT.ok;
  if (answered === 0) {
    const { allFailed } = await import("../client/explain.ts");
    throw await allFailed(failures, { command: context.path });
  }
  await warn(context, failures);
  return EXIT.someNodes;
}

/** Prints answers as `table` renders them, or as the document asked for. */
export async function report<M>(
  context: Context,
  answers: Answers<M>,
  table: (messages: readonly Answer<M>[]) => string,
): Promise<ExitCode> {
  const { edge, format } = context;
  const { messages, failures } = answers;
  if (messages.length > 0) {
    await edge.stdout(
      format === "table"
        ? table(messages)
        : await document(format, answers as Answers<M & Message>),
    );
  }
  return await settle(context, messages.length, failures);
}

async function document(
  format: "json" | "yaml",
  answers: Answers<Message>,
): Promise<string> {
  const { answersPlain, formatDocument } = await import(
    "../render/document.ts"
  );
  return formatDocument(format, answersPlain(answers));
}

/** For commands whose success says nothing: prints only when asked to. */
export function reportQuietly<M>(
  context: Context,
  answers: Answers<M>,
): Promise<ExitCode> {
  return report(context, answers, () => "");
}

/** Prints a local result. */
export async function reportLocal(
  { edge, format }: Context,
  value: import("../render/document.ts").Plain,
  text: string,
): Promise<void> {
  if (format === "table") return await edge.stdout(text);
  const { formatDocument } = await import("../render/document.ts");
  await edge.stdout(formatDocument(format, value));
}

/** A file that the user named. @throws {CliError} */
export async function readInput(
  { edge }: Context,
  path: string,
): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await edge.readFile(path);
  } catch (cause) {
    throw new CliError("failure", `Cannot read "${path}"`, { cause });
  }
  if (bytes) return bytes;
  throw new CliError("failure", `Cannot read "${path}": no such file`);
}

/** Writes a file that the user asked for. @throws {CliError} */
export async function writeOutput(
  { edge }: Context,
  { path, data, mode }: { path: string; data: FileData; mode: number },
): Promise<void> {
  try {
    await edge.writeFile(path, data, mode);
  } catch (cause) {
    throw new CliError("failure", `Cannot write "${path}"`, { cause });
  }
}

/** An argument that must be there, for the types. */
export function argument(context: Context, index: number): string {
  const value = context.args[index];
  if (value === undefined) {
    throw new CliError("usage", `argument ${index + 1} is missing`);
  }
  return value;
}
