/**
 * What is wrong with a file, as data: all of it at once, each with its place.
 * Values of secret keys never get into a message.
 */
import { AgentError } from "../errors.ts";

/** A place in a file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong, or odd. */
export interface Problem {
  /** `machine.network.interfaces[0].cidr`; empty for the file as a whole. */
  readonly path: string;
  /** 0 when there is no place to point at. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** More than these are counted, not listed. */
const MAX_PROBLEMS = 100;

/** `file:line:column: path: message`, without the parts that are not known. */
export function problemText(file: string, problem: Problem): string {
  const place = problem.line === 0 ? "" : `:${problem.line}:${problem.column}`;
  const path = problem.path === "" ? "" : `${problem.path}: `;
  return `${file}${place}: ${path}${problem.message}`;
}

/** A config that cannot be used; the message has a line for each problem. */
export class ConfigError extends AgentError<{
  readonly kind: "invalid";
  readonly file: string;
  readonly problems: readonly Problem[];
}> {
  override name = "ConfigError";

  constructor(file: string, problems: readonly Problem[]) {
    super(
      { kind: "invalid", file, problems },
      problems.map((problem) => problemText(file, problem)).join("\n"),
    );
  }
}

/** In order of their place, without repetitions, at most {@linkcode MAX_PROBLEMS}. */
export function tidyProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  const unique = problems.filter((problem) => {
    const key = problemText("", problem);
    return !seen.has(key) && seen.add(key);
  });
  unique.sort((a, b) =>
    // Those without a place come last.
    (a.line || Infinity) - (b.line || Infinity) || a.column - b.column || 0
  );
  if (unique.length <= MAX_PROBLEMS) return unique;
  const more = unique.length - MAX_PROBLEMS;
  return [
    ...unique.slice(0, MAX_PROBLEMS),
    { path: "", line: 0, column: 0, message: `and ${more} more problems` },
  ];
}

const MAX_QUOTED = 64;

/** `text` in quotes, cut short and without control characters. */
export function quote(text: string): string {
  const cut = text.length > MAX_QUOTED
    ? `${text.slice(0, MAX_QUOTED)}...`
    : text;
  return JSON.stringify(cut).replace(
    /[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * A value for a message. One of several words is not shown: a forgotten colon
 * or a wrong indentation puts the next line, maybe a secret, into it.
 */
export function show(text: string): string {
  if (text === "") return "an empty string";
  return /\s/.test(text) ? "several words" : quote(text);
}
