/** What a scalar means to a schema: pure, one case for each kind. */
import { misfit, parseBase64 } from "./formats.ts";
import type {
  EnumSchema,
  IntSchema,
  ListSchema,
  MapSchema,
  ObjectSchema,
  PemSchema,
  Schema,
} from "./schema.ts";
import { parseBool, parseInteger, parseSize } from "./yaml/scalars.ts";

/** The kinds that are one scalar. */
export type LeafSchema = Exclude<
  Schema,
  ObjectSchema | MapSchema | ListSchema
>;

/** A value, or what was expected instead, or all there is to say. */
export interface Leaf {
  /** Undefined without a complaint: as if absent. */
  readonly value?: unknown;
  readonly expected?: string;
  /** For values that are not shown. */
  readonly message?: string;
}

/** How a problem names each kind. */
export const EXPECTED: Readonly<Record<Schema["kind"], string>> = {
  object: "a map",
  map: "a map",
  list: "a list",
  string: "a string",
  pem: "base64 text",
  enum: "a word",
  bool: "a boolean (true or false)",
  int: "an integer",
  size: "a size in bytes or with a unit, for instance 100MB",
  mode: "permissions in octal, for instance 0o644",
};

function orExpected(value: unknown, expected: string): Leaf {
  return value === undefined ? { expected } : { value };
}

/** Reads the scalar `text`, which stood there `plain` or in quotes. */
export function readLeaf(
  schema: LeafSchema,
  text: string,
  { plain }: { readonly plain: boolean },
): Leaf {
  switch (schema.kind) {
    case "string":
      return { value: text };
    case "pem":
      return readPem(schema, text);
    case "enum":
      return orExpected(
        oneOfWords(schema, text),
        `one of ${schema.values.join(", ")}`,
      );
    case "bool":
      return orExpected(plain ? parseBool(text) : undefined, EXPECTED.bool);
    case "int":
      return orExpected(
        plain ? inRange(schema, parseInteger(text)) : undefined,
        rangeText(schema),
      );
    case "size":
      return orExpected(parseSize(text), EXPECTED.size);
    case "mode":
      return orExpected(parseMode(text, plain), EXPECTED.mode);
  }
}

function readPem(schema: PemSchema, text: string): Leaf {
  if (text.trim() === "") return {};
  const bytes = parseBase64(text);
  if (bytes === undefined) return { message: "not base64" };
  const value = new TextDecoder().decode(bytes);
  const expected = schema.format && misfit(schema.format, value);
  return expected === undefined
    ? { value }
    : { message: `expected ${expected}` };
}

function oneOfWords(schema: EnumSchema, text: string): string | undefined {
  if (schema.values.includes(text)) return text;
  return Object.hasOwn(schema.aliases ?? {}, text)
    ? schema.aliases?.[text]
    : undefined;
}

function inRange(
  { min = -Infinity, max = Infinity }: IntSchema,
  value: number | undefined,
): number | undefined {
  return value !== undefined && value >= min && value <= max
    ? value
    : undefined;
}

function rangeText({ min, max }: IntSchema): string {
  return min === undefined && max === undefined
    ? EXPECTED.int
    : `an integer from ${min ?? "-"} to ${max ?? "-"}`;
}

/**
 * `0o644` and `0644`, quoted also `644`. A plain decimal is what YAML says it
 * is (420 is 0o644), but one above 0o777 was meant as octal and is refused.
 */
function parseMode(text: string, plain: boolean): number | undefined {
  const octal = plain ? /^0[oO]?([0-7]{1,5})$/ : /^(?:0[oO])?([0-7]{1,5})$/;
  const digits = octal.exec(text)?.[1];
  if (digits !== undefined) {
    const bits = parseInt(digits, 8);
    return bits <= 0o7777 ? bits : undefined;
  }
  const decimal = plain ? parseInteger(text) : undefined;
  return decimal !== undefined && decimal >= 0 && decimal <= 0o777
    ? decimal
    : undefined;
}
