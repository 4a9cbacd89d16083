/**
 * The reader: what `types.ts` promises, out of the parts that know inodes,
 * directories, files and data.
 */
import type { Directories } from "./directories.ts";
import { type Data, type Lease, unowned } from "./data.ts";
import type { Files, Span } from "./files.ts";
import type { Inode, Inodes } from "./inodes.ts";
import type { Paths } from "./paths.ts";
import {
  type LookupOptions,
  type SquashfsEntry,
  type SquashfsInfo,
  SquashfsPathError,
  type SquashfsReader,
  type SquashfsStat,
  type SquashfsWalkEntry,
} from "./types.ts";
import { TYPES } from "./inodes.ts";
import { walk } from "./walk.ts";
import type { Xattrs } from "./xattrs.ts";

/** Something in a tree, or a piece of a file in it. */
export interface SquashfsPiece extends SquashfsWalkEntry {
  /** In the file. */
  readonly offset: number;
  /**
   * Empty for what has no bytes. Lent: they are good until the next piece is
   * taken, and must not be changed.
   */
  readonly bytes: Uint8Array;
}

/** What a reader is made of. */
export interface ReaderParts {
  readonly info: SquashfsInfo;
  readonly inodes: Inodes;
  readonly directories: Directories;
  readonly paths: Paths;
  readonly files: Files;
  readonly data: Data;
  readonly xattrs: Xattrs | undefined;
  /** Ends workers, if there are any. */
  close(): void;
}

/**
 * Bytes that are on the way to who takes pieces: when there are so many, some
 * are taken before more are asked for, so that these can be read together.
 */
const AHEAD_BYTES = 6 << 20;
/** Pieces on the way: small files have few bytes each. */
const AHEAD_PIECES = 512;

interface Coming<T> {
  readonly of: T;
  readonly span: Span | undefined;
  readonly lease: Promise<Lease>;
  readonly size: number;
}

const NOTHING = new Uint8Array(0);

/** Reads an image. */
export class Squashfs implements SquashfsReader, AsyncDisposable {
  readonly info: SquashfsInfo;
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.info = parts.info;
    this.#parts = parts;
  }

  async lookup(
    path: string,
    options?: LookupOptions,
  ): Promise<SquashfsStat | undefined> {
    try {
      return await this.stat(path, options);
    } catch (thrown) {
      if (!(thrown instanceof SquashfsPathError)) throw thrown;
      if (thrown.kind === "loop") throw thrown;
      return undefined;
    }
  }

  async stat(path: string, options?: LookupOptions): Promise<SquashfsStat> {
    const inode = await this.#parts.paths.find(path, options);
    return this.#parts.inodes.stat(inode);
  }

  async inode(ino: number): Promise<SquashfsStat> {
    const { inodes } = this.#parts;
    return inodes.stat(await inodes.numbered(ino));
  }

  async *readdir(
    path: string,
    options?: LookupOptions,
  ): AsyncIterableIterator<SquashfsEntry> {
    const { directories, paths } = this.#parts;
    const directory = await paths.find(path, options);
    if (directory.kind !== "directory") {
      throw new SquashfsPathError("notDirectory", path);
    }
    for await (const entries of directories.entries(directory)) {
      for (const { name, type, ino } of entries) {
        yield { name, type: TYPES[type - 1]!, ino };
      }
    }
  }

  async #file(path: string, options?: LookupOptions): Promise<Inode> {
    const file = await this.#parts.paths.find(path, options);
    if (file.kind === "file") return file;
    throw new SquashfsPathError("notFile", path);
  }

  async read(
    path: string,
    range: { readonly offset: number; readonly length: number },
    options?: LookupOptions,
  ): Promise<Uint8Array> {
    const { offset, length } = range;
    if (
      !Number.isSafeInteger(offset) || !Number.isSafeInteger(length) ||
      offset < 0 || length < 0
    ) {
      throw new RangeError(`${length} bytes from ${offset}`);
    }
    const file = await this.#file(path, options);
    const end = Math.min(file.size, offset + length);
    if (offset >= end) return NOTHING.slice();
    const bytes = new Uint8Array(end - offset);
    const put = (span: Span, from: Uint8Array) => {
      const skip = Math.max(0, offset - span.offset);
      const piece = from.subarray(skip, end - span.offset);
      bytes.set(piece, span.offset + skip - offset);
    };
    const spans = untilEnd(this.#parts.files.spans(file, offset), end);
    const pairs = (async function* () {
      for await (const span of spans) yield { of: file, span };
    })();
    for await (const { span, lease } of this.#ahead(pairs, { keep: true })) {
      if (span) put(span, lease.bytes);
      lease.release();
    }
    return bytes;
  }

  async *stream(
    path: string,
    options?: LookupOptions,
  ): AsyncIterableIterator<Uint8Array> {
    const file = await this.#file(path, options);
    const { files } = this.#parts;
    const pairs = (async function* () {
      for await (const span of files.spans(file)) yield { of: file, span };
    })();
    for await (const { lease } of this.#ahead(pairs)) {
      const bytes = lease.bytes.slice();
      lease.release();
      yield bytes;
    }
  }

  async *walk(path = ""): AsyncIterableIterator<SquashfsWalkEntry> {
    const { inodes } = this.#parts;
    for await (const at of walk(this.#parts, path)) {
      yield { path: at.path, stat: inodes.stat(at.inode) };
    }
  }

  /**
   * As `walk`, with the bytes of the files: each in one or more pieces, in
   * order. It reads ahead over the borders of files, in workers if the reader
   * has them, which makes it the way to read many.
   */
  async *pieces(path = ""): AsyncIterableIterator<SquashfsPiece> {
    const parts = this.#parts;
    const pairs = (async function* () {
      for await (const at of walk(parts, path)) {
        const stat = parts.inodes.stat(at.inode);
        const of = { path: at.path, stat };
        if (at.inode.kind !== "file" || at.inode.size === 0) {
          yield { of, span: undefined };
          continue;
        }
        for await (const span of parts.files.spans(at.inode)) {
          yield { of, span };
        }
      }
    })();
    for await (const { of, span, lease } of this.#ahead(pairs)) {
      const offset = span?.offset ?? 0;
      yield { ...of, offset, bytes: lease.bytes };
      lease.release();
    }
  }

  /** Begins to read what comes next while the first is taken. */
  async *#ahead<T>(
    spans: AsyncIterable<{ of: T; span: Span | undefined }>,
    options: { keep?: boolean } = {},
  ): AsyncGenerator<{ of: T; span: Span | undefined; lease: Lease }> {
    const { data } = this.#parts;
    const coming: Coming<T>[] = [];
    let size = 0;
    const next = async () => {
      const { of, span, lease, size: had } = coming.shift()!;
      size -= had;
      return { of, span, lease: await lease };
    };
    for await (const { of, span } of spans) {
      const lease = this.#begin(span, options.keep);
      coming.push({ of, span, lease, size: span?.size ?? 0 });
      size += span?.size ?? 0;
      if (size <= AHEAD_BYTES && coming.length <= AHEAD_PIECES) continue;
      data.flush();
      while (size > AHEAD_BYTES * 2 / 3 || coming.length > AHEAD_PIECES / 2) {
        yield await next();
      }
    }
    data.flush();
    while (coming.length > 0) yield await next();
  }

  #begin(span: Span | undefined, keep = false): Promise<Lease> {
    const { data } = this.#parts;
    if (!span) return Promise.resolve(unowned(NOTHING));
    if (span.tail) {
      const { fragment, offset } = span.tail;
      const tail = data.tail(fragment, { offset, size: span.size });
      tail.catch(() => {});
      return tail;
    }
    if (!span.block) return Promise.resolve(data.hole(span.size));
    if (!keep) return data.want(span.block);
    const kept = data.kept(span.block).then(unowned);
    kept.catch(() => {});
    return kept;
  }

  async xattrs(
    path: string,
    options?: LookupOptions,
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    const { paths, xattrs } = this.#parts;
    const { xattr } = await paths.find(path, options);
    return xattr < 0 || !xattrs ? new Map() : await xattrs.of(xattr);
  }

  /** Ends the workers, if there are any. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#parts.close();
    return Promise.resolve();
  }
}

async function* untilEnd(
  spans: AsyncIterable<Span>,
  end: number,
): AsyncGenerator<Span, undefined> {
  for await (const span of spans) {
    if (span.offset >= end) return;
    yield span;
  }
}
