/**
 * Files as the tasks need them; one real implementation, and one in memory for
 * tests. No decisions.
 */
import { dirname, join } from "@std/path";
import { concatBytes } from "#lib/bytes.ts";
import { replaceFile, syncPath } from "#lib/replace_file.ts";

/** The file system, as far as tasks write to it. */
export interface Files {
  /** Makes `path` and what is above it; sets the mode of `path`. */
  mkdir(path: string, mode: number): Promise<void>;
  /** Undefined when it is not there. */
  read(path: string): Promise<Uint8Array | undefined>;
  /**
   * Replaces the file in one step, on disk when it resolves; it stays as it is
   * when pieces do not come. It is written `beside` first where others read
   * whatever is in its directory, otherwise to `<path>.new`.
   */
  replace(
    path: string,
    bytes: Uint8Array | AsyncIterable<Uint8Array>,
    mode: number,
    beside?: string,
  ): Promise<void>;
  /** A file, or a directory with all in it, on disk when it resolves. */
  move(from: string, to: string): Promise<void>;
  /** A symbolic link in place of what was there, on disk when it resolves. */
  link(target: string, path: string): Promise<void>;
  /** Writes in place: for files of /proc, and those that are bound elsewhere. */
  write(path: string, bytes: Uint8Array, mode?: number): Promise<void>;
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** One file; has no effect when it is not there. */
  remove(path: string): Promise<void>;
  /** A directory with all in it, which a crash leaves whole or gone. */
  removeTree(path: string): Promise<void>;
  /** Resolved links and all; undefined when it is not there. */
  realPath(path: string): Promise<string | undefined>;
}

async function absent<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

/** All of a directory. */
async function syncTree(path: string): Promise<void> {
  if ((await Deno.lstat(path)).isDirectory) {
    for await (const { name } of Deno.readDir(path)) {
      await syncTree(join(path, name));
    }
  }
  await syncPath(path);
}

/** The files of the node. */
export const realFiles: Files = {
  async mkdir(path, mode) {
    await Deno.mkdir(path, { recursive: true, mode });
    await Deno.chmod(path, mode);
  },
  read: (path) => absent(Deno.readFile(path)),
  replace: (path, bytes, mode, beside) =>
    replaceFile(path, bytes, {
      ...{ mode, durable: true },
      ...beside !== undefined && { beside },
    }),
  async move(from, to) {
    await syncTree(from);
    await Deno.rename(from, to);
    await syncPath(dirname(to));
    await syncPath(dirname(from));
  },
  async link(target, path) {
    await Deno.remove(`${path}.new`).catch(() => {});
    await Deno.symlink(target, `${path}.new`);
    await Deno.rename(`${path}.new`, path);
    await syncPath(dirname(path));
  },
  async write(path, bytes, mode) {
    await Deno.writeFile(path, bytes, mode === undefined ? {} : { mode });
    if (mode !== undefined) await Deno.chmod(path, mode);
  },
  append: (path, bytes) => Deno.writeFile(path, bytes, { append: true }),
  remove: (path) => absent(Deno.remove(path)),
  async removeTree(path) {
    const gone = `${path}.gone`;
    await absent(Deno.remove(gone, { recursive: true }));
    await absent(Deno.rename(path, gone));
    await absent(Deno.remove(gone, { recursive: true }));
  },
  realPath: (path) => absent(Deno.realPath(path)),
};

/** A file of {@linkcode MemoryFiles}. */
export interface MemoryFile {
  readonly text: string;
  readonly mode: number;
}

function moveKeys<T>(map: Map<string, T>, from: string, to: string): void {
  for (const [key, value] of [...map]) {
    if (key !== from && !key.startsWith(`${from}/`)) continue;
    map.delete(key);
    map.set(to + key.slice(from.length), value);
  }
}

/** Files in memory, for tests. */
export class MemoryFiles implements Files {
  readonly files = new Map<string, MemoryFile>();
  readonly directories = new Map<string, number>();
  readonly links = new Map<string, string>();
  /** Paths whose writing fails, with the error. */
  readonly refused = new Map<string, Error>();

  constructor(files: Record<string, string> = {}) {
    for (const [path, text] of Object.entries(files)) this.#set(path, text);
  }

  mkdir(path: string, mode: number): Promise<void> {
    this.directories.set(path, mode);
    return Promise.resolve();
  }

  read(path: string): Promise<Uint8Array | undefined> {
    const file = this.files.get(this.links.get(path) ?? path);
    return Promise.resolve(file && new TextEncoder().encode(file.text));
  }

  async replace(
    path: string,
    bytes: Uint8Array | AsyncIterable<Uint8Array>,
    mode: number,
  ): Promise<void> {
    const whole = bytes instanceof Uint8Array
      ? bytes
      : concatBytes(await Array.fromAsync(bytes));
    await this.write(path, whole, mode);
  }

  async move(from: string, to: string): Promise<void> {
    if (await this.realPath(from) === undefined) {
      throw new Error(`Cannot move "${from}": not found`);
    }
    moveKeys(this.files, from, to);
    moveKeys(this.directories, from, to);
  }

  async link(target: string, path: string): Promise<void> {
    await Promise.resolve();
    this.links.set(path, target);
  }

  async write(path: string, bytes: Uint8Array, mode?: number): Promise<void> {
    await Promise.resolve();
    this.#set(path, new TextDecoder().decode(bytes), mode);
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    const before = this.files.get(path);
    const text = new TextDecoder().decode(bytes);
    this.#set(path, (before?.text ?? "") + text, before?.mode);
  }

  remove(path: string): Promise<void> {
    this.files.delete(path);
    return Promise.resolve();
  }

  removeTree(path: string): Promise<void> {
    for (const each of [this.files, this.directories]) {
      for (const one of [...each.keys()]) {
        if (one === path || one.startsWith(`${path}/`)) each.delete(one);
      }
    }
    return Promise.resolve();
  }

  realPath(path: string): Promise<string | undefined> {
    return Promise.resolve(
      this.files.has(path) || this.directories.has(path) ? path : undefined,
    );
  }

  #set(path: string, text: string, mode = 0o644): void {
    const refused = this.refused.get(path);
    if (refused) throw refused;
    this.files.set(path, { text, mode });
  }
}
