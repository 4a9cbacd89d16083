/**
 * Asks a reader everything that it can be asked about an image, within a
 * budget, and says what it ended in. Any error that is not typed is a bug of
 * the reader and is thrown on.
 */
import {
  CoreError,
  type CoreProblemKind,
  SquashfsPathError,
  type SquashfsReader,
  type SquashfsWalkEntry,
} from "#core-wasm/mod.ts";

/** Large enough for every sample, small enough for thousands of mutants. */
const BUDGET = {
  /** Names that are walked and listed. */
  entries: 1_000,
  /** Of files. */
  bytes: 1 << 20,
  /** Of one read. */
  readBytes: 64 << 10,
} as const;

/** Paths of the samples, whatever a walk sees of them. */
const PATHS = ["link", "longLink/z/again", "names/m", "b/c", "d", "a/x", "no"];

/** What an image ended in. */
export interface Outcome {
  /** Kinds of the refusals, in the order they came. */
  readonly refusals: readonly CoreProblemKind[];
  /** The first of them. */
  readonly first: CoreError | undefined;
  /** What was there, in words and checksums; the same for equal images. */
  readonly seen: readonly string[];
}

/** A reader that is being asked. */
class Exercise {
  readonly seen: string[] = [];
  readonly errors: CoreError[] = [];
  #bytesLeft: number = BUDGET.bytes;

  /** One question; a typed refusal is an answer. */
  async ask<T>(
    what: string,
    question: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await question();
    } catch (error) {
      if (error instanceof CoreError) this.errors.push(error);
      else if (!(error instanceof SquashfsPathError)) throw error;
      this.seen.push(`${what}: ${error.kind}`);
      return undefined;
    }
  }

  async #walk(reader: SquashfsReader): Promise<SquashfsWalkEntry[]> {
    const entries: SquashfsWalkEntry[] = [];
    await this.ask("walk", async () => {
      for await (const entry of reader.walk()) {
        this.seen.push(`${entry.path} ${words(entry.stat)}`);
        if (entries.push(entry) === BUDGET.entries) break;
      }
    });
    return entries;
  }

  /** The beginning of a file, its end, and as a stream. */
  async #readFile(reader: SquashfsReader, { path, stat }: SquashfsWalkEntry) {
    const { sizeBytes } = stat;
    const end = Math.max(0, sizeBytes - 10);
    for (const offset of end > 0 ? [0, end] : [0]) {
      const length = Math.min(BUDGET.readBytes, this.#bytesLeft);
      const bytes = await this.ask(
        `read ${path}`,
        () => reader.read(path, { offset, length }),
      );
      if (!bytes) continue;
      if (bytes.length !== Math.min(length, sizeBytes - offset)) {
        throw new Error(`${bytes.length} bytes of "${path}" from ${offset}`);
      }
      this.#bytesLeft -= bytes.length;
      this.seen.push(`${path} ${offset} ${bytes.length} ${sum(bytes)}`);
    }
    await this.ask(`stream ${path}`, async () => {
      for await (const bytes of reader.stream(path)) {
        this.#bytesLeft -= bytes.length;
        if (this.#bytesLeft <= 0) break;
      }
    });
  }

  async #entry(reader: SquashfsReader, entry: SquashfsWalkEntry) {
    const { path, stat } = entry;
    if (stat.type === "file" && this.#bytesLeft > 0) {
      await this.#readFile(reader, entry);
    }
    if (stat.type === "directory") {
      await this.ask(`readdir ${path}`, async () => {
        let count = 0;
        for await (const _ of reader.readdir(path)) {
          if (++count === BUDGET.entries) break;
        }
      });
    }
    const xattrs = await this.ask(`xattrs ${path}`, () => reader.xattrs(path));
    for (const [name, value] of xattrs ?? []) {
      this.seen.push(`${path} ${name} ${sum(value)}`);
    }
  }

  async all(reader: SquashfsReader): Promise<void> {
    const { info } = reader;
    this.seen.push(words(info));
    const asked = new Set<number>();
    for (const entry of await this.#walk(reader)) {
      // Hard links have it all in common.
      if (asked.has(entry.stat.ino)) continue;
      asked.add(entry.stat.ino);
      await this.#entry(reader, entry);
    }
    for (const path of PATHS) {
      const stat = await this.ask(
        `stat ${path}`,
        () => reader.stat(path, { follow: true }),
      );
      if (stat) this.seen.push(`${path} is ${stat.ino}`);
    }
    for (const ino of [1, 2, info.inodeCount]) {
      if (!info.exportable) break;
      const stat = await this.ask(`inode ${ino}`, () => reader.inode(ino));
      if (stat) this.seen.push(words(stat));
    }
  }
}

/** The fields of `value` in the order of their names. */
function words(value: object): string {
  const fields = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return fields.map(([name, field]) => `${name} ${JSON.stringify(field)}`)
    .join(", ");
}

/** FNV-1a. */
function sum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** All there is to ask of the reader that `open` gives. */
export async function exercise(
  open: () => Promise<SquashfsReader>,
): Promise<Outcome> {
  const run = new Exercise();
  const reader = await run.ask("open", open);
  if (reader) await run.all(reader);
  const { errors, seen } = run;
  return { refusals: errors.map(({ kind }) => kind), first: errors[0], seen };
}
