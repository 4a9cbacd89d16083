/** Texts of the command line into values of their flag's type. */
import { parseDurationMs } from "#lib/config/duration.ts";
import type { Flags, FlagSpec } from "./command.ts";
import { CliError } from "./errors.ts";

/** What a flag's value may be. */
export type Value = boolean | number | string | readonly string[];

const TRUE = ["true", "1", "t", "T", "TRUE", "True"];
const FALSE = ["false", "0", "f", "F", "FALSE", "False"];

/** The value of `text`, or undefined when it is none of the flag's type. */
function read(spec: FlagSpec, text: string): Value | undefined {
  switch (spec.type) {
    case "bool":
      return TRUE.includes(text)
        ? true
        : FALSE.includes(text)
        ? false
        : undefined;
    case "int":
      return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined;
    case "duration":
      return parseDurationMs(text);
    case "strings":
      return text === "" ? [] : text.split(",").map((part) => part.trim());
    case "string":
      return text;
  }
}

const KINDS: Record<FlagSpec["type"], string> = {
  bool: "true or false",
  int: "a whole number",
  duration: "a duration such as 1m30s",
  strings: "a comma-separated list",
  string: "text",
};

/** The value of `text` for `--name`. @throws {CliError} kind usage */
export function parseValue(name: string, spec: FlagSpec, text: string): Value {
  const value = read(spec, text);
  if (value === undefined) {
    throw new CliError(
      "usage",
      `invalid value "${text}" for flag --${name}: want ${KINDS[spec.type]}`,
    );
  }
  if (spec.choices && !spec.choices.includes(text)) {
    throw new CliError(
      "usage",
      `invalid value "${text}" for flag --${name}: want ${
        spec.choices.join(", ")
      }`,
    );
  }
  return value;
}

/** What a flag is when it is not given. */
function defaultValue(spec: FlagSpec): Value {
  if (spec.default !== undefined) return read(spec, spec.default) ?? "";
  switch (spec.type) {
    case "bool":
      return false;
    case "int":
    case "duration":
      return 0;
    case "strings":
      return [];
    case "string":
      return "";
  }
}

/** `flags` with their defaults. */
export function defaultValues(flags: Flags): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(flags).map(([name, spec]) => [name, defaultValue(spec)]),
  );
}
