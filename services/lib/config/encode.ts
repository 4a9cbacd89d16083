/**
 * From a value to YAML text: keys in the order of the schema, so that the same
 * value is always the same text; with comments, every key says what it means
 * and the absent ones are shown as examples, as in the seed era.
 */
import { childPath, type ObjectSchema, type Schema } from "./schema.ts";
import { isNullText, parseBool } from "./yaml/scalars.ts";

/** How the text looks. */
export interface EncodeOptions {
  /** What each key means, and examples of those that are not set. */
  readonly comments?: boolean;
}

const INDENT = "    ";
const BASE64_CHUNK = 0x8000;

function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  for (let at = 0; at < bytes.length; at += BASE64_CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + BASE64_CHUNK));
  }
  return btoa(binary);
}

/** Text that is itself in YAML, in a list or as a value. */
const PLAIN =
  /^[A-Za-z0-9_./=+~^-](?:[A-Za-z0-9_./=+~^@%()<>;,'$-]|:(?=\S)| (?=[^#\s]))*$/;

/** Numbers, sexagesimals and dates would be another type elsewhere. */
const OTHER_TYPE = new RegExp(
  "^(?:[-+]?(?:0x[\\da-f_]+|0[ob]?[0-7_]+|\\d[\\d_]*)|" +
    "[-+]?(?:\\.\\d+|\\d[\\d_]*(?:\\.[\\d_]*)?)(?:e[-+]?\\d+)?|" +
    "[-+]?\\d+(?::\\d+)+(?:\\.\\d*)?|" +
    "\\d{4}-\\d\\d?-\\d\\d?(?:[Tt ].*)?)$",
  "i",
);

/** Plain where it stays the same string for every reader, else quoted. */
function scalarText(text: string): string {
  const plain = PLAIN.test(text) && !text.endsWith(" ") &&
    !/^(-|\.{3}|---|~)/.test(text) && !isNullText(text) &&
    parseBool(text) === undefined &&
    !OTHER_TYPE.test(text) &&
    !/^[-+]?\.(inf|nan)$/i.test(text) && !/^[=<]{1,2}$/.test(text);
  return plain ? text : JSON.stringify(text).replace(
    /[\x7f-\x9f\u2028\u2029\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Lines that a literal block keeps byte for byte. */
function isBlock(text: string): boolean {
  return /^[^\s][^]*\n$/.test(text) && !text.endsWith("\n\n") &&
    // deno-lint-ignore no-control-regex
    !/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]|[\ud800-\udfff]|^[ \t]+$/m
      .test(text);
}

function leafText(schema: Schema, value: unknown): string {
  switch (schema.kind) {
    case "pem":
      return scalarText(base64(String(value)));
    case "mode":
      return `0o${Number(value).toString(8)}`;
    case "string":
    case "enum":
      return scalarText(String(value));
    default:
      return String(value);
  }
}

/** A value of `schema` for a comment; undefined when it has none to show. */
export function exampleOf(schema: Schema): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.kind === "object") {
    const entries = Object.entries(schema.fields)
      .map(([key, field]) => [key, exampleOf(field)] as const)
      .filter(([, value]) => value !== undefined);
    return entries.length > 0 ? Object.fromEntries(entries) : schema.default;
  }
  return schema.default;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    Object.keys(value).length === 0;
}

/** The lines of `key: value`, or of `- value` when `lead` says so. */
function entryLines(
  lead: string,
  schema: Schema,
  value: unknown,
  comments: boolean,
): string[] {
  if (schema.kind === "list") {
    if (isEmpty(value)) return [`${lead} []`];
    return [
      lead,
      ...(value as unknown[]).flatMap((item) =>
        itemLines(schema.item, item, comments).map((line) => INDENT + line)
      ),
    ];
  }
  if (schema.kind === "map" || schema.kind === "object") {
    const lines = bodyLines(schema, value, { comments, examples: comments });
    // Examples below an empty map could not be uncommented.
    if (isEmpty(value)) return [`${lead} {}`];
    return [lead, ...lines.map((line) => line === "" ? line : INDENT + line)];
  }
  if (schema.kind === "string" && isBlock(value as string)) {
    const lines = (value as string).slice(0, -1).split("\n");
    return [`${lead} |`, ...lines.map((l) => l === "" ? l : INDENT + l)];
  }
  return [`${lead} ${leafText(schema, value)}`];
}

/** The lines of one item of a list, with its dash. */
function itemLines(schema: Schema, value: unknown, comments: boolean) {
  if (schema.kind !== "object" && schema.kind !== "map") {
    return entryLines("-", schema, value, comments);
  }
  const lines = bodyLines(schema, value, { comments, examples: false });
  if (lines.length === 0) return ["- {}"];
  // A comment above the first key would follow the dash.
  const first = lines.findIndex((line) => !line.startsWith("#"));
  return [
    ...lines.slice(0, first),
    `- ${lines[first]}`,
    ...lines.slice(first + 1).map((line) => line === "" ? line : `  ${line}`),
  ];
}

/** The lines of all entries of a map or an object. */
function bodyLines(
  schema: Schema,
  value: unknown,
  show: { comments: boolean; examples: boolean },
): string[] {
  const record = value as Readonly<Record<string, unknown>>;
  if (schema.kind === "map") {
    return Object.keys(record).flatMap((key) =>
      entryLines(
        `${scalarText(key)}:`,
        schema.value,
        record[key],
        show.comments,
      )
    );
  }
  const { fields } = schema as ObjectSchema;
  return Object.entries(fields).flatMap(([key, field]) => {
    const set = record[key];
    if (set !== undefined) {
      const lines = entryLines(`${key}:`, field, set, show.comments);
      return show.comments ? withComment(lines, field) : lines;
    }
    return show.examples ? exampleLines(key, field) : [];
  });
}

/** The meaning beside a single line, above several. */
function withComment(lines: string[], { doc }: Schema): string[] {
  if (doc === undefined) return lines;
  return lines.length === 1 ? [`${lines[0]} # ${doc}`] : [`# ${doc}`, ...lines];
}

function exampleLines(key: string, field: Schema): string[] {
  const example = exampleOf(field);
  if (example === undefined) return [];
  const lines = entryLines(`${key}:`, field, example, false);
  // `## ` marks words, `# ` marks YAML to uncomment.
  return [
    ...(field.doc === undefined ? [] : [`## ${field.doc}`]),
    ...lines.map((line) => line === "" ? "#" : `# ${line}`),
  ];
}

/** The text of `value`, which `schema` describes. */
export function encodeValue(
  schema: ObjectSchema,
  value: unknown,
  options: EncodeOptions = {},
): string {
  const { comments = false } = options;
  const lines = bodyLines(schema, value, { comments, examples: comments });
  return lines.length === 0 ? "{}\n" : `${lines.join("\n")}\n`;
}

/** One row of the key reference. */
export interface KeyDoc {
  readonly path: string;
  readonly kind: string;
  readonly default?: unknown;
  readonly doc: string;
}

/** Every key of `schema`, in order. */
export function keyDocs(schema: Schema, path = ""): KeyDoc[] {
  const below = schema.kind === "list"
    ? keyDocs(schema.item, `${path}[]`)
    : schema.kind === "map"
    ? keyDocs(schema.value, `${path}.*`)
    : schema.kind === "object"
    ? Object.entries(schema.fields).flatMap(([key, field]) =>
      keyDocs(field, childPath(path, key))
    )
    : [];
  if (schema.doc === undefined) return below;
  const kind = schema.kind === "enum" ? schema.values.join("|") : schema.kind;
  return [{
    path,
    kind,
    doc: schema.doc,
    ...(schema.default === undefined ? {} : { default: schema.default }),
  }, ...below];
}
