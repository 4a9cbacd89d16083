/**
 * machined's side of the inspect child (../inspect/main.ts): one process a
 * call, killed when the call ends, a bounded number at a time.
 */
import { AgentError } from "#lib/errors.ts";
import { decodeFrames, FrameKind } from "../inspect/frame.ts";
import { spawnChild } from "../children.ts";

/** How many children may run at once; each holds some 50 MB. */
export const CHILDREN_MAX = 8;

/** Why an inspection gave no answer. */
export type InspectProblem =
  /** Too many at once: the caller may try again. */
  | { readonly kind: "resourceExhausted" }
  /** The child said why, for instance that a path does not exist. */
  | { readonly kind: "failed"; readonly text: string }
  /** The child ended without an answer. */
  | { readonly kind: "died"; readonly code: number };

/** An inspection that gave no answer. */
export class InspectError extends AgentError<InspectProblem> {
  override name = "InspectError";

  constructor(problem: InspectProblem) {
    super(problem, describe(problem));
  }
}

function describe(problem: InspectProblem): string {
  switch (problem.kind) {
    case "resourceExhausted":
      return `Cannot inspect the node: ${CHILDREN_MAX} inspections run already, try again`;
    case "failed":
      return problem.text;
    case "died":
      return `Cannot inspect the node: the child ended with code ${problem.code}`;
  }
}

/** Runs one inspection; yields encoded messages of the API. */
export type Inspect = (
  command: string,
  options: unknown,
  signal: AbortSignal,
) => AsyncIterable<Uint8Array>;

/** Inspections by `command` (program and arguments, the inspection's follow). */
export function createInspector(command: readonly string[]): Inspect {
  let running = 0;
  return async function* inspect(name, options, signal) {
    if (running >= CHILDREN_MAX) {
      throw new InspectError({ kind: "resourceExhausted" });
    }
    running++;
    try {
      yield* runChild([...command, name, JSON.stringify(options)], signal);
    } finally {
      running--;
    }
  };
}

async function* runChild(command: string[], signal: AbortSignal) {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawnChild(program, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    signal,
  });
  let ended = false;
  try {
    for await (const { kind, payload } of decodeFrames(child.stdout)) {
      if (kind === FrameKind.error) {
        const text = new TextDecoder().decode(payload);
        throw new InspectError({ kind: "failed", text });
      }
      yield payload;
    }
    const { code } = await child.status;
    ended = true;
    if (code !== 0 && !signal.aborted) {
      throw new InspectError({ kind: "died", code });
    }
  } finally {
    // The call was given up while the child still had something to say.
    if (!ended) {
      try {
        child.kill("SIGKILL");
      } catch {
        // It ended in between.
      }
      await child.status;
    }
  }
}
