/**
 * Whether a config can be used on a kind of platform. Everything is reported,
 * nothing is thrown: shapes and required keys from the schema here, rules
 * between keys in v1alpha1/rules.ts.
 */
import { misfit } from "./formats.ts";
import { decode, type Decoded } from "./load.ts";
import {
  ConfigError,
  type Place,
  type Problem,
  show,
  tidyProblems,
} from "./problem.ts";
import { childPath, type Schema } from "./schema.ts";
import { type RuleContext, RULES } from "./v1alpha1/rules.ts";
import {
  MACHINE_CONFIG,
  type MachineConfig,
  type Mode,
} from "./v1alpha1/types.ts";

/** What a check may look at besides the config. */
export interface ValidateOptions {
  /** Where a path is in the file, see {@linkcode Decoded}. */
  readonly place?: (path: string) => Place;
  /** Whether a path exists on the machine that runs the check. */
  readonly exists?: (path: string) => boolean;
}

/** Problems forbid the config, warnings do not. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const NOWHERE: Place = { line: 0, column: 0 };

type Report = (path: string, message: string) => void;

/** Required keys and shapes of `value` and everything below. */
function checkShape(
  schema: Schema,
  value: unknown,
  path: string,
  report: Report,
): void {
  switch (schema.kind) {
    case "object": {
      const record = value as Readonly<Record<string, unknown>>;
      // "ignore: leave the link alone" includes its other keys.
      if (record["ignore"] === true && record["interface"] !== undefined) {
        return;
      }
      for (const [key, field] of Object.entries(schema.fields)) {
        const at = childPath(path, key);
        const found = record[key];
        if (found !== undefined) checkShape(field, found, at, report);
        else if (field.required) report(at, requiredText(field));
      }
      return;
    }
    case "map":
      for (const [key, entry] of Object.entries(value as object)) {
        const at = childPath(path, key);
        const expected = schema.keyFormat && misfit(schema.keyFormat, key);
        if (expected) report(at, `expected ${expected}, got ${show(key)}`);
        checkShape(schema.value, entry, at, report);
      }
      return;
    case "list":
      for (const [index, item] of (value as readonly unknown[]).entries()) {
        checkShape(schema.item, item, childPath(path, index), report);
      }
      return;
    case "string": {
      const text = value as string;
      const expected = schema.format && misfit(schema.format, text);
      if (!expected) return;
      const got = schema.secret && text !== "" ? "another value" : show(text);
      report(path, `expected ${expected}, got ${got}`);
      return;
    }
    case "pem": {
      const expected = schema.format && misfit(schema.format, value as string);
      if (expected) report(path, `expected ${expected}`);
    }
  }
}

function requiredText({ doc }: Schema): string {
  if (doc === undefined) return "required";
  const text = doc.replace(/\.$/, "").replace(/[;:].*$/, "");
  return `required: ${text[0]!.toLowerCase()}${text.slice(1)}`;
}

/** Checks `config` for the platforms of `mode`. */
export function validate(
  config: MachineConfig,
  mode: Mode,
  options: ValidateOptions = {},
): Findings {
  const { place = () => NOWHERE, exists } = options;
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const collect = (into: Problem[]): Report => (path, message) =>
    into.push({ path, ...place(path), message });
  const context: RuleContext = {
    mode,
    ...exists ? { exists } : {},
    problem: collect(problems),
    warning: collect(warnings),
  };
  checkShape(MACHINE_CONFIG, config, "", context.problem);
  for (const rule of RULES) rule(config, context);
  return {
    problems: tidyProblems(problems),
    warnings: tidyProblems(warnings),
  };
}

/** Whether a problem at `path` only says that what is at `cause` was refused. */
function followsFrom(path: string, cause: string): boolean {
  return path === cause || path.startsWith(`${cause}.`) ||
    path.startsWith(`${cause}[`);
}

/**
 * Decodes and validates: all problems of both at once, in the order of the
 * file. What could not be decoded is not reported as missing again.
 */
export function check(
  source: Uint8Array | string,
  mode: Mode,
  options: Pick<ValidateOptions, "exists"> = {},
): Decoded {
  const decoded = decode(source);
  // Without a document there is nothing to validate.
  if (decoded.problems.length > 0 && Object.keys(decoded.config).length === 0) {
    return decoded;
  }
  const { place } = decoded;
  const found = validate(decoded.config, mode, { place, ...options });
  const causes = [...decoded.unsound];
  return {
    ...decoded,
    problems: tidyProblems([
      ...decoded.problems,
      ...found.problems.filter(({ path }) =>
        !causes.some((cause) => followsFrom(path, cause))
      ),
    ]),
    warnings: tidyProblems([...decoded.warnings, ...found.warnings]),
  };
}

/**
 * A config that can be used; `file` names it in the problems.
 *
 * @throws {ConfigError} with all problems.
 */
export function load(
  source: Uint8Array | string,
  mode: Mode,
  options: Pick<ValidateOptions, "exists"> & { readonly file?: string } = {},
): { config: MachineConfig; warnings: readonly Problem[] } {
  const { config, problems, warnings } = check(source, mode, options);
  if (problems.length > 0) {
    throw new ConfigError(options.file ?? "config.yaml", problems);
  }
  return { config, warnings };
}
