/**
 * A schema is data: the decoder, the unknown-key check, the format checks, the
 * defaults, the comments of a generated file and the key reference all walk
 * the same tree, and the TypeScript types are derived from it. Each key is
 * written once.
 */
import type { Format } from "./formats.ts";

/** What every key says about itself. */
interface About<T> {
  /** One sentence: what it means. */
  readonly doc?: string;
  /** The effective value of an absent key; its type says "always there". */
  readonly default?: T;
  /** A valid value for the comments of a generated file. */
  readonly example?: T;
  /** Its absence is a problem. */
  readonly required?: true;
  /** Its value never appears in a problem. */
  readonly secret?: true;
}

type TextOptions = About<string> & {
  readonly format?: Format;
  readonly secret?: true;
};
type IntOptions = About<number> & {
  readonly min?: number;
  readonly max?: number;
};
type ListOptions = About<readonly unknown[]>;
type MapOptions = About<Readonly<Record<string, unknown>>> & {
  readonly keyFormat?: Format;
};
type ObjectOptions = About<Readonly<Record<string, unknown>>> & {
  /** The effective config has it even when it is absent. */
  readonly always?: true;
};

/** The keys of an object, in the order in which they are written. */
export type Fields = { readonly [key: string]: Schema };

/** Text of a shape; see {@linkcode TextOptions}. */
export type StringSchema = { readonly kind: "string" } & TextOptions;
/** PEM in base64. */
export type PemSchema = { readonly kind: "pem" } & TextOptions;
/** One of several words. */
export type EnumSchema =
  & {
    readonly kind: "enum";
    readonly values: readonly string[];
    /** Other spellings, by what they mean. */
    readonly aliases?: Readonly<Record<string, string>>;
  }
  & About<string>;
/** Yes or no. */
export type BoolSchema = { readonly kind: "bool" } & About<boolean>;
/** A whole number between limits. */
export type IntSchema = { readonly kind: "int" } & IntOptions;
/** Permissions of a file, octal. */
export type ModeSchema = { readonly kind: "mode" } & About<number>;
/** A number of bytes, with or without a unit. */
export type SizeSchema = { readonly kind: "size" } & About<number>;
/** Any number of one kind. */
export type ListSchema =
  & { readonly kind: "list"; readonly item: Schema }
  & ListOptions;
/** Keys that the user chooses, values of one kind. */
export type MapSchema =
  & { readonly kind: "map"; readonly value: Schema }
  & MapOptions;
/** Keys that are known. */
export type ObjectSchema =
  & { readonly kind: "object"; readonly fields: Fields }
  & ObjectOptions;

/** Any node of a schema. */
export type Schema =
  | StringSchema
  | PemSchema
  | EnumSchema
  | BoolSchema
  | IntSchema
  | ModeSchema
  | SizeSchema
  | ListSchema
  | MapSchema
  | ObjectSchema;

/** Text; plain scalars of any look are text here, as in the seed era. */
export function string<const O extends TextOptions>(options: O) {
  return { kind: "string", ...options } as const;
}

/** PEM text, which the file holds as base64. */
export function pem<const O extends TextOptions>(options: O) {
  return { kind: "pem", ...options } as const;
}

/** One of a list of words. */
export function oneOf<
  const V extends readonly string[],
  const O extends
    & About<V[number]>
    & { readonly aliases?: Readonly<Record<string, V[number]>> },
>(values: V, options: O) {
  return { kind: "enum", values, ...options } as const;
}

/** A boolean in any spelling of YAML 1.1. */
export function bool<const O extends About<boolean>>(options: O) {
  return { kind: "bool", ...options } as const;
}

/** An integer from `min` to `max`. */
export function int<const O extends IntOptions>(options: O) {
  return { kind: "int", ...options } as const;
}

// Limits for int().
export const U8 = { min: 0, max: 0xff } as const;
export const U16 = { min: 0, max: 0xffff } as const;
export const U32 = { min: 0, max: 0xffff_ffff } as const;

/** Permission bits of a file, written in octal. */
export function mode<const O extends About<number>>(options: O) {
  return { kind: "mode", ...options } as const;
}

/** Bytes, written as a number or with a unit, for instance `100MB`. */
export function size<const O extends About<number>>(options: O) {
  return { kind: "size", ...options } as const;
}

/** Any number of items. */
export function list<const I extends Schema, const O extends ListOptions>(
  item: I,
  options: O,
) {
  return { kind: "list", item, ...options } as const;
}

/** Free keys with values of one kind. */
export function map<const V extends Schema, const O extends MapOptions>(
  value: V,
  options: O,
) {
  return { kind: "map", value, ...options } as const;
}

/** Known keys only. */
export function object<const F extends Fields, const O extends ObjectOptions>(
  fields: F,
  options: O,
) {
  return { kind: "object", fields, ...options } as const;
}

type LeafValue<S> = S extends { kind: "string" | "pem" } ? string
  : S extends { kind: "enum"; values: readonly (infer V)[] } ? V
  : S extends { kind: "bool" } ? boolean
  : S extends { kind: "int" | "mode" | "size" } ? number
  : never;

/** What a file may say: every key optional. */
export type Value<S> = S extends { kind: "list"; item: infer I }
  ? readonly Value<I>[]
  : S extends { kind: "map"; value: infer V }
    ? Readonly<Record<string, Value<V>>>
  : S extends { kind: "object"; fields: infer F }
    ? { readonly [K in keyof F]?: Value<F[K]> }
  : LeafValue<S>;

type Present = { default: unknown } | { always: true } | { required: true };
type Flat<T> = { [K in keyof T]: T[K] };

/** The same after validation, with the defaults filled in. */
export type Effective<S> = S extends { kind: "list"; item: infer I }
  ? readonly Effective<I>[]
  : S extends { kind: "map"; value: infer V }
    ? Readonly<Record<string, Effective<V>>>
  : S extends { kind: "object"; fields: infer F } ? Flat<
      & {
        readonly [K in keyof F as F[K] extends Present ? K : never]: Effective<
          F[K]
        >;
      }
      & {
        readonly [K in keyof F as F[K] extends Present ? never : K]?: Effective<
          F[K]
        >;
      }
    >
  : LeafValue<S>;

/** `parent.key`, or `parent["odd key"]` for a key that is not a word. */
export function childPath(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) {
    return `${parent}[${JSON.stringify(key)}]`;
  }
  return parent === "" ? key : `${parent}.${key}`;
}
