/**
 * From bytes to YAML documents with positions. Everything that could cost
 * more than its size is refused here, before the recursive parts of the YAML
 * library see it. The library's own texts quote the source, which may be
 * secret, so they are replaced by ours.
 */
import {
  Composer,
  type Document,
  type ErrorCode,
  Lexer,
  LineCounter,
  Parser,
  type ScalarTag,
} from "yaml";
import { gunzip, GzipError } from "../../gunzip.ts";
import type { Place, Problem } from "../problem.ts";

/** Bounds on one file. */
export interface SourceLimits {
  /** After unpacking. */
  readonly bytes: number;
  /** Nesting of collections. */
  readonly depth: number;
  readonly tokens: number;
  readonly documents: number;
}

/** Of a config; one of 100 interfaces stays below a fifth. */
export const LIMITS: SourceLimits = {
  bytes: 1 << 20,
  depth: 64,
  // These take the lexer about 100 ms.
  tokens: 50_000,
  documents: 16,
};

type Token = Parameters<Composer["next"]>[0];

/** What {@linkcode readSource} found; documents are empty after a problem. */
export interface Source {
  readonly documents: readonly Document.Parsed[];
  readonly problems: readonly Problem[];
  /** The line and column of an offset. */
  readonly place: (offset: number) => Place;
}

/** A file that is refused as a whole. */
class Refused extends Error {
  constructor(readonly offset: number, message: string) {
    super(message);
  }
}

const NOWHERE: Place = { line: 0, column: 0 };

/** Whether `bytes` begin as gzip does. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function tooLarge(limits: SourceLimits): Refused {
  return new Refused(-1, `larger than the limit of ${limits.bytes} bytes`);
}

function unpack(bytes: Uint8Array, limits: SourceLimits): Uint8Array {
  try {
    return gunzip(bytes, limits.bytes);
  } catch (thrown) {
    if (thrown instanceof GzipError) throw new Refused(-1, thrown.message);
    throw thrown;
  }
}

/** Everything but tab, newline, carriage return and a leading BOM. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

function textOf(source: Uint8Array | string, limits: SourceLimits): string {
  let text: string;
  if (source.length > limits.bytes) throw tooLarge(limits);
  if (typeof source === "string") text = source;
  else {
    const bytes = isGzip(source) ? unpack(source, limits) : source;
    if (bytes.length > limits.bytes) throw tooLarge(limits);
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw new Refused(-1, "not UTF-8 text");
    }
  }
  const at = text.search(CONTROL);
  if (at >= 0) {
    const code = text.charCodeAt(at).toString(16).padStart(2, "0");
    throw new Refused(at, `control character 0x${code}`);
  }
  return text;
}

/** Open collections; documents and scalars are on the parser's stack too. */
function depthOf({ stack }: Parser): number {
  return stack.filter(({ type }) => /^(block-(map|seq)|flow-)/.test(type))
    .length;
}

/** Runs the lexer and the stack parser, neither of which recurses. */
function tokenize(
  text: string,
  lines: LineCounter,
  limits: SourceLimits,
): Token[] {
  const parser = new Parser(lines.addNewLine);
  const tokens: Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const { offset } = parser;
    if (++count > limits.tokens) {
      throw new Refused(offset, `more than ${limits.tokens} tokens`);
    }
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > limits.depth && depthOf(parser) > limits.depth) {
      throw new Refused(offset, `nested deeper than ${limits.depth} levels`);
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function coreTag(name: string): ScalarTag {
  return { tag: `tag:yaml.org,2002:${name}`, resolve: (text) => text };
}

/** Scalars stay text: what they mean is the schema's business. */
const CONFIG_OPTIONS = {
  schema: "failsafe",
  // Checked by the decoder, in linear time.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "silent",
  customTags: ["bool", "int", "float", "null"].map(coreTag),
} as const;

const TEXT: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: "an alias cannot have an anchor or a tag",
  BAD_ALIAS: "bad alias or anchor name",
  BAD_DIRECTIVE: "bad directive",
  BAD_DQ_ESCAPE: "bad escape sequence in a double-quoted string",
  BAD_INDENT: "wrong indentation, or a bracket that is not closed",
  BAD_PROP_ORDER: "anchor or tag in the wrong place",
  BAD_SCALAR_START: "a plain scalar cannot begin with this character",
  BLOCK_AS_IMPLICIT_KEY: "a nested mapping is not allowed here",
  BLOCK_IN_FLOW: "a block collection is not allowed within brackets",
  KEY_OVER_1024_CHARS: "key longer than 1024 characters",
  MISSING_CHAR: "missing quote, bracket, comma, colon or space",
  MULTILINE_IMPLICIT_KEY: "a key must be on one line, followed by a colon",
  MULTIPLE_ANCHORS: "more than one anchor",
  MULTIPLE_TAGS: "more than one tag",
  TAB_AS_INDENT: "tabs are not allowed as indentation",
  TAG_RESOLVE_FAILED: "unknown tag",
  UNEXPECTED_TOKEN: "unexpected text",
};

/** What `source` is read as. */
export interface SourceOptions {
  readonly limits?: SourceLimits;
  /** Scalars become numbers and the like, as in YAML 1.2. */
  readonly typed?: boolean;
}

const TYPED_OPTIONS = {
  schema: "core",
  prettyErrors: false,
  logLevel: "silent",
} as const;

/** Reads `source`, which may be gzip, into its documents. */
export function readSource(
  source: Uint8Array | string,
  { limits = LIMITS, typed = false }: SourceOptions = {},
): Source {
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    if (offset < 0) return NOWHERE;
    const { line, col } = lines.linePos(offset);
    // Before the first newline is counted, the library says line 0.
    return line === 0 ? { line: 1, column: offset + 1 } : { line, column: col };
  };
  const refuse = (offset: number, message: string): Source => ({
    documents: [],
    problems: [{ path: "", ...place(offset), message }],
    place,
  });
  try {
    const text = textOf(source, limits);
    lines.addNewLine(0);
    const tokens = tokenize(text, lines, limits);
    const composer = new Composer(typed ? TYPED_OPTIONS : CONFIG_OPTIONS);
    const documents: Document.Parsed[] = [];
    const problems: Problem[] = [];
    for (const document of composer.compose(tokens, false)) {
      if (documents.length === limits.documents) {
        throw new Refused(
          document.range[0],
          `more than ${limits.documents} documents`,
        );
      }
      documents.push(document);
      for (const { code, pos } of [...document.errors, ...document.warnings]) {
        const message = TEXT[code] ?? "not valid YAML";
        problems.push({ path: "", ...place(pos[0]), message });
      }
    }
    return { documents, problems, place };
  } catch (thrown) {
    if (thrown instanceof Refused) return refuse(thrown.offset, thrown.message);
    // The library keeps pending tokens in arrays that it spreads.
    if (thrown instanceof RangeError) return refuse(-1, "too complex");
    throw thrown;
  }
}
