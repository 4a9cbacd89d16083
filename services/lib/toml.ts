/**
 * Writes TOML 1.0: tables, strings, numbers, booleans, lists. What we write
 * containerd's files with; nothing here reads TOML.
 */

/** A value; a list holds no tables. */
export type TomlValue =
  | string
  | number
  | boolean
  | readonly TomlValue[]
  | TomlTable;

/** A table, in the order of its keys; what is undefined is left out. */
export interface TomlTable {
  readonly [key: string]: TomlValue | undefined;
}

/** JSON's escapes are all TOML's, but TOML wants DEL escaped, too. */
function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll("\x7f", "\\u007f");
}

function keyOf(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : quoted(key);
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value);
}

function scalar(value: Exclude<TomlValue, TomlTable>): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "object") return String(value);
  const items = value.map((item) =>
    scalar(item as Exclude<TomlValue, TomlTable>)
  );
  return `[${items.join(", ")}]`;
}

function lines(table: TomlTable, path: readonly string[]): string[] {
  const own: string[] = [];
  const below: string[] = [];
  for (const [key, value] of Object.entries(table)) {
    if (value === undefined) continue;
    if (isTable(value)) below.push(...lines(value, [...path, keyOf(key)]));
    else {
      own.push(
        `${keyOf(key)} = ${scalar(value as Exclude<TomlValue, TomlTable>)}`,
      );
    }
  }
  // A table of tables only needs no heading of its own; an empty one does.
  const heading = path.length > 0 && (own.length > 0 || below.length === 0)
    ? ["", `[${path.join(".")}]`]
    : [];
  return [...heading, ...own, ...below];
}

/** The text of `table` as a document. */
export function toml(table: TomlTable): string {
  return lines(table, []).join("\n").trimStart() + "\n";
}
