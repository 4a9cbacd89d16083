/**
 * Mutants of SquashFS images by number. Each stands alone: seed and number
 * give the same bytes in any run, so that a failure can be told in two numbers.
 *
 * By turns: a boundary value in a field (every field of two samples first, one
 * after another, then two at once), bytes of metadata before they are
 * compressed, bytes of the image, parts of two images.
 */
import { Dice } from "./dice.ts";
import {
  boundaries,
  changing,
  type Field,
  type Hook,
  type ImageRecord,
} from "./record.ts";
import { everything, few, many } from "./samples.ts";
import { writeSquashfs } from "./writer.ts";

/** An image that may be wrong, and what was done to it. */
export interface Mutant {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly about: string;
}

const COMPRESSIONS = ["gzip", "zstd", "none"] as const;

interface Sample {
  readonly name: string;
  readonly write: (
    compression: (typeof COMPRESSIONS)[number],
    hook?: Hook,
  ) => Uint8Array<ArrayBuffer>;
  /** Every number in it. */
  readonly numbers: readonly NumberAt[];
  /** Names of its records of metadata in the plain. */
  readonly plain: readonly string[];
}

interface NumberAt {
  readonly record: string;
  readonly field: string;
  readonly size: 2 | 4 | 8;
}

function sample(name: string, make: typeof few): Sample {
  const tree = make();
  const numbers: NumberAt[] = [];
  const plain: string[] = [];
  const see = ({ name, fields }: ImageRecord) => {
    for (const field of fields) {
      if (field.size === 0) continue;
      numbers.push({ record: name, field: field.name, size: field.size });
    }
    if (name.startsWith("block ")) plain.push(name);
  };
  const write: Sample["write"] = (compression, hook) =>
    writeSquashfs(tree, { compression, ...(hook && { hook }) }).bytes;
  write("gzip", see);
  return { name, write, numbers, plain };
}

const FEW = sample("few", few);
const EVERYTHING = sample("everything", everything);
const SAMPLES = [FEW, FEW, EVERYTHING, sample("many", many)];

/** Each boundary of each number of two samples. */
const SINGLE = [FEW, EVERYTHING].flatMap((sample) =>
  sample.numbers.flatMap((number) =>
    boundaries(number.size).map((value) => ({ sample, number, value }))
  )
);

/** So many mutants have every boundary in every field among them. */
export const ALL_FIELDS = 2 * SINGLE.length;

function singleField(index: number): Mutant {
  const { sample, number: { record, field }, value } = SINGLE[index]!;
  const hook = changing({ [record]: { [field]: value } });
  return {
    about: `${sample.name}: ${record}: ${field} = ${value}`,
    bytes: sample.write("gzip", hook),
  };
}

/** A boundary, or something near the right value. */
function newValue(dice: Dice, old: bigint, size: 2 | 4 | 8): bigint {
  switch (dice.roll(4)) {
    case 0:
      return old + BigInt(dice.roll(17) - 8);
    case 1:
      return BigInt(dice.roll(0x10000));
    default:
      return dice.pick(boundaries(size));
  }
}

function severalFields(dice: Dice): Mutant {
  const sample = dice.pick(SAMPLES);
  const wanted = Array.from(
    { length: 1 + dice.roll(3) },
    () => dice.pick(sample.numbers),
  );
  const done: string[] = [];
  const hook = ({ name, fields }: ImageRecord) => {
    for (const { record, field } of wanted) {
      if (record !== name) continue;
      for (const each of fields) {
        if (each.size === 0 || each.name !== field) continue;
        each.value = newValue(dice, each.value, each.size);
        done.push(`${name}: ${field} = ${each.value}`);
      }
    }
  };
  const compression = dice.pick(COMPRESSIONS);
  const bytes = sample.write(compression, hook);
  return { bytes, about: `${sample.name} ${compression}: ${done.join(", ")}` };
}

/** A few bytes of `old` are others, or are gone, or are there twice. */
export function mangled(dice: Dice, old: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = old.slice();
  if (bytes.length === 0) return bytes;
  const at = dice.roll(bytes.length);
  const length = 1 + dice.roll(Math.min(16, bytes.length - at));
  switch (dice.roll(6)) {
    case 0: // One bit.
      bytes[at]! ^= 1 << dice.roll(8);
      return bytes;
    case 1:
      for (let i = 0; i < 1 + dice.roll(8); i++) {
        bytes[dice.roll(bytes.length)] = dice.roll(256);
      }
      return bytes;
    case 2:
      return bytes.fill(dice.pick([0, 0xff, 0x7f, 0x80]), at, at + length);
    case 3: // Gone.
      return Uint8Array.of(...bytes.slice(0, at), ...bytes.slice(at + length));
    case 4: // Twice.
      return Uint8Array.of(...bytes.slice(0, at + length), ...bytes.slice(at));
    default: // Over others.
      bytes.copyWithin(dice.roll(bytes.length), at, at + 4 * length);
      return bytes;
  }
}

function plainBytes(dice: Dice): Mutant {
  const sample = dice.pick(SAMPLES);
  const compression = dice.pick(COMPRESSIONS);
  const wanted = dice.pick(sample.plain);
  const times = 1 + dice.roll(3);
  const hook = ({ name, fields }: ImageRecord) => {
    const [field] = fields as [Field];
    if (name !== wanted || field.size !== 0) return;
    // Where the others come from: what is in the table of the other sample.
    for (let i = 0; i < times; i++) field.bytes = mangled(dice, field.bytes);
  };
  const about = `${sample.name} ${compression}: ${wanted}, ${times} times`;
  return { about, bytes: sample.write(compression, hook) };
}

function rawBytes(dice: Dice): Mutant {
  const sample = dice.pick(SAMPLES);
  const compression = dice.pick(COMPRESSIONS);
  let bytes = sample.write(compression);
  const times = 1 + dice.roll(4);
  const about = `${sample.name} ${compression}: ${times} times in all of it`;
  for (let i = 0; i < times; i++) {
    bytes = dice.roll(8) === 0
      ? bytes.slice(0, dice.roll(bytes.length))
      : mangled(dice, bytes);
  }
  return { about, bytes };
}

function splice(dice: Dice): Mutant {
  const [one, other] = [dice.pick(SAMPLES), dice.pick(SAMPLES)];
  const compressions = [dice.pick(COMPRESSIONS), dice.pick(COMPRESSIONS)];
  const left = one.write(compressions[0]!);
  const right = other.write(compressions[1]!);
  const at = dice.roll(left.length);
  const from = dice.roll(2) === 0 ? at : dice.roll(right.length);
  const size = dice.roll(2) === 0 ? right.length : dice.roll(256);
  const part = right.subarray(from, from + size);
  const whole = new Uint8Array(Math.max(left.length, at + part.length));
  whole.set(left);
  whole.set(part, at);
  const about = `${one.name} ${compressions[0]}, from ${at} on ` +
    `${part.length} bytes of ${other.name} ${compressions[1]} from ${from}`;
  return { about, bytes: whole };
}

/** Metadata of one sample in the place of that of another. */
function transplant(dice: Dice): Mutant {
  const [one, other] = [dice.pick(SAMPLES), dice.pick(SAMPLES)];
  const compression = dice.pick(COMPRESSIONS);
  const wanted = dice.pick(one.plain);
  const parts = new Map<string, Uint8Array>();
  other.write("none", ({ name, fields: [field] }) => {
    if (field?.size === 0) parts.set(name, field.bytes);
  });
  const bytes = one.write(compression, ({ name, fields: [field] }) => {
    const part = parts.get(name);
    if (name === wanted && field?.size === 0 && part) field.bytes = part;
  });
  const about = `${one.name} ${compression}, ${wanted} of ${other.name}`;
  return { about, bytes };
}

/** Mutant `number` of `seed`. */
export function makeMutant(seed: number, number: number): Mutant {
  const dice = new Dice(seed, number);
  if (number % 2 === 0) {
    const index = number / 2;
    return index < SINGLE.length ? singleField(index) : severalFields(dice);
  }
  switch (number >> 1 & 3) {
    case 0:
    case 1:
      return plainBytes(dice);
    case 2:
      return rawBytes(dice);
    default:
      return dice.roll(4) === 0 ? transplant(dice) : splice(dice);
  }
}
