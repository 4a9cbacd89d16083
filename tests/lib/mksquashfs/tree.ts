/**
 * Trees of files by dice, for comparing readers of SquashFS with the tools.
 * Paths are strings with a byte in each character, since names need not be
 * UTF-8.
 */
import type { InodeType } from "#core-wasm/mod.ts";

/** A file of a tree. */
export interface TreeNode {
  readonly path: string;
  /** Of a hard link, the type of what it is a link to. */
  readonly type: InodeType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly data?: Uint8Array;
  readonly target?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
  /** Another name of the file at this path. */
  readonly linkTo?: string;
}

/** What a tree has more of than usual. */
export type Plenty = "entries" | "xattrs" | "none";

/** A number below `sides`. */
export type Dice = (sides: number) => number;

/** Numbers that are the same in every run. */
export function dice(seed: number): Dice {
  let x = Math.imul(seed, 2_654_435_761) ^ 0x5bd1e995 | 1;
  return (sides) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % sides;
  };
}

/** One of `from`. */
export function pick<T>(roll: Dice, from: readonly T[]): T {
  return from[roll(from.length)]!;
}

/** As bytes, a character each. */
export function byteString(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

const ODD_NAMES = [
  "a",
  "with space",
  'q"uote',
  "-dash",
  "\x01\x7f",
  "\xff\xfe",
  "half \xc3",
  "\xed\xb2\x80 surrogate",
  "x".repeat(255),
  byteString("größe"),
  byteString("日本語"),
  byteString("😀"),
  byteString("\ufeffmark"),
];

/** x86 code, for the filter of xz. */
const CODE = (() => {
  using file = Deno.openSync(Deno.execPath());
  const bytes = new Uint8Array(4 << 20);
  file.seekSync(24 << 20, Deno.SeekMode.Start);
  for (let have = 0; have < bytes.length;) {
    have += file.readSync(bytes.subarray(have)) ?? 0;
  }
  return bytes;
})();

/** Bytes of several kinds: code, noise, zeros, text, and all in turn. */
function contents(roll: Dice, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const length = Math.min(size - at, 1 + roll(pick(roll, [100, 40_000])));
    const part = bytes.subarray(at, at + length);
    const kind = roll(5);
    if (kind === 0) part.set(CODE.subarray(at % 65_536).subarray(0, length));
    if (kind === 1) part.forEach((_, i) => part[i] = roll(256));
    if (kind === 2) part.forEach((_, i) => part[i] = 97 + roll(4));
    if (kind === 3) part.fill(roll(256));
    at += length;
  }
  return bytes;
}

/** Zeros but for a few bytes. */
function holes(roll: Dice, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = roll(3); i > 0 && size > 0; i--) bytes[roll(size)] = 1;
  return bytes;
}

function xattrsOf(
  roll: Dice,
  { type, plenty, xattrBytesMax, emptyXattrs }: GrowerOptions & {
    type: InodeType;
  },
): Map<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  const many = plenty === "xattrs";
  let left = xattrBytesMax;
  for (let i = 1 + roll(many ? 40 : 3); i > 0; i--) {
    // Linux has those of users for directories and files only.
    const special = type !== "directory" && type !== "file";
    const prefix = pick(roll, ["user", "trusted", "security"].slice(+special));
    const name = `${prefix}.${"n".repeat(roll(5))}${i}`;
    const size = many
      ? pick(roll, [emptyXattrs ? 0 : 1, 3, 30, 300, 3_000, 30_000])
      : 1 + roll(60);
    if (size > left) continue;
    left -= size + 100;
    // The same seed is the same value, which is then stored once.
    values.set(name, contents(dice(roll(3)), size));
  }
  return values;
}

/** What a tree is like. */
export interface GrowerOptions {
  readonly blockSize: number;
  readonly plenty: Plenty;
  /** What names and values of a file may take. */
  readonly xattrBytesMax: number;
  /** Values may be empty. */
  readonly emptyXattrs: boolean;
}

/** What all kinds of files have. */
function owned(roll: Dice) {
  const id = () => pick(roll, [0, 0, 1, 1000, 65_534, 70_000, 4_000_000_000]);
  return {
    mode: pick(roll, [0o644, 0o755, 0o4755, 0o2710, 0o1777, 0, 0o7777]),
    ...{ uid: id(), gid: id() },
    mtimeSeconds: pick(roll, [0, 1, 1_700_000_000, 2_147_483_647]),
  };
}

const DEVICES = [[1, 3], [259, 70_000], [4095, 255]] as const;

class Grower {
  readonly nodes: TreeNode[] = [];
  readonly #roll: Dice;
  readonly #options: GrowerOptions;

  constructor(roll: Dice, options: GrowerOptions) {
    this.#roll = roll;
    this.#options = options;
  }

  add(path: string, rest: Partial<TreeNode> & { type: InodeType }): void {
    const roll = this.#roll;
    const { type } = rest;
    const bare = type === "symlink" || this.#options.plenty === "entries";
    const xattrs = !bare && roll(4) === 0
      ? { xattrs: xattrsOf(roll, { ...this.#options, type }) }
      : {};
    this.nodes.push({ path, ...owned(roll), ...xattrs, ...rest });
  }

  /** A path below a directory that is there. */
  #path(directories: readonly string[]): string {
    const used = new Set(this.nodes.map(({ path }) => path));
    while (true) {
      const odd = pick(this.#roll, ODD_NAMES);
      const name = this.#roll(3) === 0 ? odd : `f${this.#roll(1000)}`;
      const path = `${pick(this.#roll, directories)}${name}`;
      if (!used.has(path)) return path;
    }
  }

  directories(): string[] {
    const made = [""];
    for (let i = 2 + this.#roll(8); i > 0; i--) {
      const path = this.#path(made);
      this.add(path, { type: "directory" });
      if (this.#roll(3) > 0 && path.length < 600) made.push(`${path}/`);
    }
    let deep = "deep";
    for (let i = this.#roll(30); i > 0; i--) {
      this.add(deep, { type: "directory", mode: 0o755 });
      deep += `/${pick(this.#roll, ["d", "\x80", "dir"])}`;
    }
    return made;
  }

  files(directories: readonly string[]): void {
    const roll = this.#roll;
    const b = this.#options.blockSize;
    const sizes = [0, 1, 100, b - 1, b, b + 1, 2 * b, 2 * b + 77, 3 * b - 5];
    const count = b > 300_000 ? 5 : b > 100_000 ? 10 : 25;
    let before: Uint8Array = new Uint8Array(0);
    for (let i = 0; i < count; i++) {
      const size = roll(3) === 0 ? roll(3_000) : pick(roll, sizes);
      const kind = roll(8);
      const data = kind === 0
        ? before
        : kind === 1
        ? holes(roll, size)
        : contents(roll, size);
      before = data;
      this.add(this.#path(directories), { type: "file", data });
    }
    this.add(this.#path(directories), {
      type: "file",
      data: holes(roll, 5 * b),
    });
  }

  others(directories: readonly string[]): void {
    const roll = this.#roll;
    const path = () => this.#path(directories);
    const targets = ["a", "../gone", "/", "x".repeat(3_000), "\xff/\xc3"];
    for (let i = roll(6); i > 0; i--) {
      const target = pick(roll, targets);
      this.add(path(), { type: "symlink", mode: 0o777, target });
    }
    for (let i = roll(4); i > 0; i--) {
      const [major, minor] = pick(roll, DEVICES);
      const type = pick(roll, ["blockDevice", "charDevice"] as const);
      this.add(path(), { type, device: { major, minor } });
    }
    for (let i = roll(3); i > 0; i--) this.add(path(), { type: "fifo" });
    const files = this.nodes.filter(({ type }) => type !== "directory");
    for (let i = roll(5); i > 0; i--) {
      const { xattrs: _, ...node } = pick(roll, files);
      this.nodes.push({ ...node, path: path(), linkTo: node.path });
    }
  }

  /** So many that the directory has an index. */
  crowd(): void {
    this.add("crowd", { type: "directory" });
    const data = new Uint8Array(0);
    for (let i = 0; i < 10_000; i++) {
      const name = `crowd/${"n".repeat(this.#roll(30))}${i}`;
      if (this.#roll(9) > 0) this.add(name, { type: "file", data });
      else this.add(name, { type: "symlink", mode: 0o777, target: "." });
    }
  }
}

/** A tree; a directory comes before what is in it. */
export function makeTree(
  roll: Dice,
  options: GrowerOptions,
): TreeNode[] {
  const grower = new Grower(roll, options);
  const directories = grower.directories();
  grower.files(directories);
  grower.others(directories);
  if (options.plenty === "entries") grower.crowd();
  return grower.nodes;
}
