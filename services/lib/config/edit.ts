/**
 * Changes values in the source of a machine config. What else is in it stays,
 * comments and order too, indented as ours are; what would change anything else is refused.
 */
import { type Document, isMap, isScalar } from "yaml";
import { AgentError } from "../errors.ts";
import { diff } from "./diff.ts";
import { configNode, decode } from "./load.ts";
import { readSource } from "./yaml/source.ts";

/** A source that cannot be changed by its paths. */
export class EditError
  extends AgentError<{ readonly kind: "failedPrecondition" }> {
  override name = "EditError";

  constructor(path: string) {
    super(
      { kind: "failedPrecondition" },
      `Cannot change ${path} in the machine config: it is written as an alias, or shared with others; write it out`,
    );
  }
}

/** Sets `path` below `node`; false: something on the way is no map. */
function set(
  document: Document.Parsed,
  node: unknown,
  [path, value]: readonly [string, string],
): boolean {
  const keys = path.split(".");
  const last = keys.pop()!;
  let at = node;
  for (const key of keys) {
    if (!isMap(at)) return false;
    const below = at.get(key, true);
    // A section that is there without a value is as good as absent.
    const absent = below === undefined ||
      isScalar(below) && (below.value === null || below.value === "");
    if (absent) at.set(key, document.createNode({}));
    at = at.get(key, true);
  }
  if (!isMap(at)) return false;
  at.set(last, value);
  return true;
}

/**
 * `source`, which may be gzip, with `values` by their paths; documents that
 * are not the config are left out.
 *
 * @throws {EditError} when other values would change too
 */
export function edited(
  source: Uint8Array,
  values: Readonly<Record<string, string>>,
): Uint8Array {
  const found = configNode(readSource(source).documents);
  for (const [path, value] of Object.entries(values)) {
    const { document, node } = found ?? {};
    if (!document || !set(document, node, [path, value])) {
      throw new EditError(path);
    }
  }
  const text = found!.document.toString({ indent: 4, lineWidth: 0 });
  const before = decode(source), after = decode(text);
  // A section that was absent is one path.
  const others = diff(before.config, after.config).filter((changed) =>
    !Object.keys(values).some((path) => `${path}.`.startsWith(`${changed}.`))
  );
  if (after.problems.length > 0 || others.length > 0) {
    throw new EditError(others[0] ?? Object.keys(values)[0]!);
  }
  return new TextEncoder().encode(text);
}
