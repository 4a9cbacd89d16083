/** What a bench prints: one JSON object a line. */

/** A figure, with that of its anchor from the same run if there is one. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly anchor?: string;
  readonly anchorValue?: number;
  /** Above 1 is better than the anchor. */
  readonly ratio?: number;
}

/** How a figure reads. */
export interface FigureOptions {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly anchor?: { readonly name: string; readonly value: number };
  /** The smaller the better (times, memory). */
  readonly lowerIsBetter?: boolean;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** Computes the ratio; numbers with four digits. */
export function figure(options: FigureOptions): Figure {
  const { name, value, unit, anchor, lowerIsBetter } = options;
  if (!anchor) return { name, value: rounded(value), unit };
  const ratio = lowerIsBetter ? anchor.value / value : value / anchor.value;
  return {
    name,
    value: rounded(value),
    unit,
    anchor: anchor.name,
    anchorValue: rounded(anchor.value),
    ratio: rounded(ratio),
  };
}
