/**
 * The platform `container`: the machine config comes from the environment of
 * PID 1, as the seed era's provisioner hands it over.
 */
import { AgentError } from "#lib/errors.ts";

/** Why there is no config where one was promised. */
export type PlatformProblem =
  | { readonly kind: "encoding" }
  | { readonly kind: "tooLong"; readonly chars: number };

/** A source of the config that cannot be used. */
export class PlatformError extends AgentError<PlatformProblem> {
  override name = "PlatformError";

  constructor(problem: PlatformProblem, options?: ErrorOptions) {
    super(
      problem,
      problem.kind === "encoding"
        ? 'Cannot read the environment variable "USERDATA": not base64'
        : `Cannot read the environment variable "USERDATA": ${problem.chars} characters are too many`,
      options,
    );
  }
}

/** Four MiB of base64; the decoder of configs has a limit of its own. */
const USERDATA_CHARS_MAX = 4 << 20;
const FILE_PREFIX = "file:";

/** Reads one file whole. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/**
 * The config in `USERDATA`: base64, or `file:` and a path when it is too long
 * for an environment. Undefined when there is none.
 */
export async function containerConfig(
  userdata: string | undefined,
  readFile: ReadFile,
): Promise<Uint8Array | undefined> {
  const text = userdata?.trim() ?? "";
  if (text === "") return undefined;
  if (text.length > USERDATA_CHARS_MAX) {
    throw new PlatformError({ kind: "tooLong", chars: text.length });
  }
  if (text.startsWith(FILE_PREFIX)) {
    return await readFile(text.slice(FILE_PREFIX.length));
  }
  try {
    return Uint8Array.fromBase64(text);
  } catch (cause) {
    throw new PlatformError({ kind: "encoding" }, { cause });
  }
}
