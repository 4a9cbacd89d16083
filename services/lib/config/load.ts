/**
 * A machine config from bytes: which document of a file it is, and its value
 * with all problems. The first document that is a v1alpha1 config wins: one
 * with a top-level `machine`, or the `spec` of a kind/version/spec envelope.
 */
import { type Document, isMap, isScalar, type Pair } from "yaml";
import { decodeNode } from "./decode.ts";
import { type Place, type Problem, quote, tidyProblems } from "./problem.ts";
import { MACHINE_CONFIG, type MachineConfig } from "./v1alpha1/types.ts";
import { readSource, type Source } from "./yaml/source.ts";

/** What {@linkcode decode} found. */
export interface Decoded {
  /** What is sound of it; all of it when there are no problems. */
  readonly config: MachineConfig;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Paths whose values were refused: they are in the file, not in `config`. */
  readonly unsound: ReadonlySet<string>;
  /** Where a path is in the file, or the nearest that is above it. */
  readonly place: (path: string) => Place;
}

const NOWHERE: Place = { line: 0, column: 0 };

/** The place of `path` or of the nearest path above it that is known. */
function placeOf(
  places: ReadonlyMap<string, Place>,
  path: string,
): Place {
  for (let at = path; at !== "";) {
    const place = places.get(at);
    if (place !== undefined) return place;
    at = at.replace(/(\.[\w-]+|^[\w-]+|\["(?:[^"\\]|\\.)*"\]|\[\d+\])$/, "");
    // A path that ends in nothing known would stay as it is.
    if (at.length === path.length) return NOWHERE;
  }
  return NOWHERE;
}

function valueOf(document: Document.Parsed, key: string): Pair | undefined {
  if (!isMap(document.contents)) return undefined;
  return (document.contents.items as Pair[]).find(({ key: found }) =>
    isScalar(found) && found.value === key
  );
}

function textOf(pair: Pair | undefined): string | undefined {
  return isScalar(pair?.value) ? String(pair.value.value) : undefined;
}

const ENVELOPE_KEYS = ["kind", "version", "spec"];

/** The node of the config in `document`, or what is wrong with the envelope. */
function findConfig(
  document: Document.Parsed,
  place: Source["place"],
): { node?: unknown; problems: Problem[] } {
  const kind = valueOf(document, "kind");
  if (valueOf(document, "machine") !== undefined || kind === undefined) {
    return { node: document.contents, problems: [] };
  }
  const at = place((kind.key as { range?: [number] }).range?.[0] ?? -1);
  const problem = (path: string, message: string): Problem => ({
    path,
    ...at,
    message,
  });
  const problems: Problem[] = [];
  for (
    const pair of (document.contents as unknown as { items: Pair[] }).items
  ) {
    const key = isScalar(pair.key) ? String(pair.key.value) : "";
    if (!ENVELOPE_KEYS.includes(key)) {
      problems.push(
        problem("", `unknown key ${quote(key)}; did you mean "spec"?`),
      );
    }
  }
  for (const key of ["kind", "version"]) {
    const text = textOf(valueOf(document, key));
    if (text === "v1alpha1") continue;
    const got = text === undefined ? "nothing" : quote(text);
    problems.push(problem(key, `expected "v1alpha1", got ${got}`));
  }
  const spec = valueOf(document, "spec");
  if (spec === undefined) {
    problems.push(problem("spec", "required: the config"));
    return { problems };
  }
  return { node: spec.value, problems };
}

function isEmptyDocument({ contents }: Document.Parsed): boolean {
  return contents === null || contents === undefined ||
    isScalar(contents) && (contents.value === "" || contents.value === null);
}

function isConfig(document: Document.Parsed): boolean {
  return valueOf(document, "machine") !== undefined ||
    textOf(valueOf(document, "kind")) === "v1alpha1";
}

function configDocument(
  documents: readonly Document.Parsed[],
): Document.Parsed | undefined {
  const filled = documents.filter((document) => !isEmptyDocument(document));
  return filled.find(isConfig) ?? filled[0];
}

/** The document that is the config, and the node of the config in it. */
export function configNode(
  documents: readonly Document.Parsed[],
): { readonly document: Document.Parsed; readonly node?: unknown } | undefined {
  const document = configDocument(documents);
  return document && { ...findConfig(document, () => NOWHERE), document };
}

/** Decodes a machine config; gzip is unpacked. Never throws. */
export function decode(source: Uint8Array | string): Decoded {
  const { documents, problems, place } = readSource(source);
  const nothing = (found: readonly Problem[]): Decoded => ({
    config: {},
    problems: tidyProblems(found),
    warnings: [],
    unsound: new Set(),
    place: () => NOWHERE,
  });
  const document = configDocument(documents);
  if (document === undefined) {
    return nothing(
      problems.length > 0
        ? problems
        : [{ path: "", ...NOWHERE, message: "the file is empty" }],
    );
  }
  const found = findConfig(document, place);
  const decoded = found.node === undefined
    ? undefined
    : decodeNode(MACHINE_CONFIG, document, { place, node: found.node });
  const start = (document: Document.Parsed) =>
    place(document.contents?.range?.[0] ?? document.range[0]);
  const notMap = !isMap(document.contents) && problems.length === 0
    ? [{ path: "", ...start(document), message: "expected a map" }]
    : [];
  const { places = new Map() } = decoded ?? {};
  return {
    config:
      (isMap(document.contents) ? decoded?.value ?? {} : {}) as MachineConfig,
    problems: tidyProblems([
      ...problems,
      ...found.problems,
      ...notMap,
      ...isMap(document.contents) ? decoded?.problems ?? [] : [],
    ]),
    warnings: documents.filter((other) =>
      other !== document && !isEmptyDocument(other)
    ).map((other) => ({
      path: "",
      ...start(other),
      message: "another document is the config, this one is ignored",
    })),
    unsound: decoded?.unsound ?? new Set(),
    place: (path) => placeOf(places, path),
  };
}
