/** Running programs of the host: build tools, ip, mount, runc. Never on a node. */
import { AgentError } from "./errors.ts";

/** A tool that could not be run, or that failed. */
export class CommandError extends AgentError<{
  kind: "command";
  command: string;
  code: number;
}> {}

/** How much of a failed tool's output the error quotes. */
const QUOTED_CHARS = 2_000;

/** Runs `argv`; its output is returned, and quoted when it fails. */
export async function run(
  argv: readonly string[],
  options: {
    cwd?: string;
    env?: Record<string, string>;
    /** Run at low priority: compilers and compressors. */
    nice?: boolean;
    /** Standard input; nothing when absent. */
    input?: string;
  } = {},
): Promise<string> {
  const [program, ...args] = options.nice ? ["nice", ...argv] : argv;
  const child = new Deno.Command(program!, {
    args,
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  }).spawn();
  if (options.input !== undefined) {
    const writer = child.stdin.getWriter();
    // A program that ends without reading says why by itself.
    await writer.write(new TextEncoder().encode(options.input)).catch(() => {});
    await writer.close().catch(() => {});
  }
  const output = await child.output();
  const decoder = new TextDecoder();
  if (output.success) return decoder.decode(output.stdout);
  const text = decoder.decode(output.stderr) || decoder.decode(output.stdout);
  throw new CommandError(
    { kind: "command", command: argv[0]!, code: output.code },
    `"${argv.join(" ")}" ended with ${output.code}: ${
      text.trim().slice(-QUOTED_CHARS)
    }`,
  );
}
