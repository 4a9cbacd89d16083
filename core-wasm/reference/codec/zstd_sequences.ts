/** The sequences of a Zstandard block (3.1.1.3.2). */
import { corrupt, type Input, type Output } from "./bytes.ts";
import {
  BackwardBits,
  constantFse,
  type Fse,
  fseOf,
  FseState,
  readFse,
} from "./zstd_bits.ts";
import type { Huffman } from "./zstd_literals.ts";

/** What one block of a frame leaves for the next. */
export interface History {
  huffman: Huffman | undefined;
  readonly tables: Map<Part, Fse>;
  /** The last three distances. */
  distances: [number, number, number];
}

/** What a frame begins with. */
export function emptyHistory(): History {
  return { huffman: undefined, tables: new Map(), distances: [1, 4, 8] };
}

type Part = "literals" | "distance" | "match";

/** A code's smallest value, and how many bits are added to it. */
interface Code {
  readonly base: number;
  readonly extra: number;
}

/** Codes one after another; `plain` of them have no bits. */
function codes(
  first: number,
  plain: number,
  extras: readonly number[],
): Code[] {
  let base = first;
  return [...Array(plain).fill(0), ...extras].map((extra) => {
    const code = { base, extra };
    base += 2 ** extra;
    return code;
  });
}

interface Kind {
  readonly codes: readonly Code[];
  readonly accuracyMax: number;
  readonly standard: Fse;
}

const times = (count: number, value: number): number[] =>
  Array(count).fill(value);

const KINDS: Readonly<Record<Part, Kind>> = {
  literals: {
    codes: codes(
      ...[0, 16] as const,
      [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
    ),
    accuracyMax: 9,
    standard: fseOf(6, [
      ...[4, 3, ...times(11, 2), 1, 1, 1, ...times(9, 2), 3, 2],
      ...[...times(5, 1), ...times(4, -1)],
    ]),
  },
  distance: {
    codes: codes(1, 1, Array.from({ length: 31 }, (_, i) => i + 1)),
    accuracyMax: 8,
    standard: fseOf(
      5,
      [...times(6, 1), 2, 2, 2, ...times(15, 1), ...times(5, -1)],
    ),
  },
  match: {
    codes: codes(
      ...[3, 32] as const,
      [
        ...[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11],
        ...[12, 13, 14, 15, 16],
      ],
    ),
    accuracyMax: 9,
    standard: fseOf(
      6,
      [1, 4, 3, ...times(6, 2), ...times(37, 1), ...times(7, -1)],
    ),
  },
};

function tableOf(part: Part, mode: number, from: {
  input: Input;
  history: History;
}): Fse {
  const { codes, accuracyMax, standard } = KINDS[part];
  const { input, history } = from;
  if (mode === 0) return standard;
  if (mode === 3) {
    return history.tables.get(part) ?? corrupt("no table to use again");
  }
  if (mode === 2) {
    const most = { accuracy: accuracyMax, symbol: codes.length - 1 };
    return readFse(input, most);
  }
  const symbol = input.byte();
  if (symbol >= codes.length) corrupt(`the code ${symbol}`);
  return constantFse(symbol);
}

/** 3.1.1.5: 1 to 3 are the last distances, a little otherwise without literals. */
function distanceOf(
  value: number,
  literals: number,
  history: History,
): number {
  const [first, second, third] = history.distances;
  if (value > 3) {
    history.distances = [value - 3, first, second];
    return value - 3;
  }
  const which = value + (literals === 0 ? 1 : 0);
  if (which === 2) history.distances = [second, first, third];
  if (which === 3) history.distances = [third, first, second];
  if (which === 4) {
    if (first === 1) corrupt("distance 0");
    history.distances = [first - 1, first, second];
  }
  return history.distances[0];
}

function countOf(input: Input): number {
  const first = input.byte();
  if (first < 128) return first;
  if (first < 255) return (first - 128) * 256 + input.byte();
  return input.number(2) + 0x7f00;
}

/** Puts literals and matches out, and at the end the literals that are left. */
export function runSequences(
  input: Input,
  { literals, history, output }: {
    literals: ArrayLike<number>;
    history: History;
    output: Output;
  },
): void {
  let used = 0;
  const copy = (count: number) => {
    if (used + count > literals.length) corrupt("more literals than there are");
    for (let i = 0; i < count; i++) output.push(literals[used++]!);
  };
  const count = countOf(input);
  if (count > 0) {
    const modes = input.byte();
    if (modes & 3) corrupt("reserved modes");
    const parts = ["literals", "distance", "match"] as const;
    for (const [i, part] of parts.entries()) {
      const mode = modes >> 6 - 2 * i & 3;
      history.tables.set(part, tableOf(part, mode, { input, history }));
    }
    const bits = new BackwardBits(input.take(input.left));
    const [l, d, m] = parts.map((part) =>
      new FseState(history.tables.get(part)!, bits)
    ) as [FseState, FseState, FseState];
    const value = (part: Part, { symbol }: FseState) => {
      const { base, extra } = KINDS[part].codes[symbol]!;
      return base + bits.take(extra);
    };
    for (let i = 0; i < count; i++) {
      const far = value("distance", d);
      const length = value("match", m);
      const plain = value("literals", l);
      copy(plain);
      output.repeat(distanceOf(far, plain, history), length);
      if (i === count - 1) break;
      for (const state of [l, m, d]) state.next();
      if (bits.left < 0) corrupt("sequences that end early");
    }
    bits.end();
  }
  input.end();
  copy(literals.length - used);
}
