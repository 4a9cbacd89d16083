/**
 * The reader of SquashFS in plain TypeScript: no index is used, everything is
 * read from where it begins. It shares no code with what it checks.
 */
import type { ByteSource } from "../source.ts";
import {
  type LookupOptions,
  SQUASHFS_LIMITS,
  SquashfsPathError,
  type SquashfsReader,
  type SquashfsStat,
  type SquashfsWalkEntry,
} from "../squashfs/types.ts";
import { piecesOf } from "./squashfs/data.ts";
import { childOf, entriesOf } from "./squashfs/directory.ts";
import { type Decompressors, Image } from "./squashfs/image.ts";
import { exportedInode, type Inode, readInode } from "./squashfs/inode.ts";
import { refuse } from "./squashfs/superblock.ts";
import { xattrsOf } from "./squashfs/xattr.ts";

/** A directory, and those that it is in. */
type Chain = readonly Inode[];

class ReferenceReader implements SquashfsReader {
  readonly info;
  readonly #image: Image;
  readonly #root: Inode;

  constructor(image: Image, root: Inode) {
    this.#image = image;
    this.#root = root;
    const { superblock: from } = image;
    this.info = {
      sizeBytes: from.sizeBytes,
      blockSize: from.blockSize,
      compression: from.compression,
      inodeCount: from.inodeCount,
      fragmentCount: from.fragmentCount,
      idCount: from.idCount,
      mtimeSeconds: from.mtimeSeconds,
      exportable: from.exportable,
      hasXattrs: from.hasXattrs,
    };
  }

  async #step(chain: Chain, name: string): Promise<Chain | undefined> {
    const here = chain.at(-1)!;
    for await (const entry of entriesOf(this.#image, here.directory!)) {
      if (entry.name !== name) continue;
      const child = await childOf(this.#image, here, entry);
      return this.#join(chain, child);
    }
    return undefined;
  }

  #join(chain: Chain, child: Inode): Chain {
    if (chain.some(({ stat }) => stat.ino === child.stat.ino)) {
      refuse("corrupt", "a directory in itself", child.at);
    }
    if (chain.length > SQUASHFS_LIMITS.depth) {
      refuse("limit", "directories in one another", child.at);
    }
    return [...chain, child];
  }

  /** The inodes from the root to what is at `path`. */
  async #find(path: string, { follow = false }: LookupOptions): Promise<Chain> {
    const fail = (kind: "notFound" | "notDirectory" | "loop"): never => {
      throw new SquashfsPathError(kind, path);
    };
    let chain: Chain = [this.#root];
    let links = 0;
    const names = path.split("/");
    while (names.length > 0) {
      const name = names.shift()!;
      if (!chain.at(-1)!.directory) fail("notDirectory");
      if (name === "" || name === ".") continue;
      if (name === "..") {
        chain = chain.slice(0, Math.max(1, chain.length - 1));
        continue;
      }
      const next = await this.#step(chain, name) ?? fail("notFound");
      const { target } = next.at(-1)!.stat;
      if (target === undefined || !follow) {
        chain = next;
        continue;
      }
      links++;
      if (links > SQUASHFS_LIMITS.links) fail("loop");
      if (target.startsWith("/")) chain = [this.#root];
      names.unshift(...target.split("/"));
    }
    return chain;
  }

  async #at(path: string, options: LookupOptions = {}): Promise<Inode> {
    return (await this.#find(path, options)).at(-1)!;
  }

  async lookup(path: string, options?: LookupOptions) {
    try {
      return await this.stat(path, options);
    } catch (thrown) {
      if (!(thrown instanceof SquashfsPathError)) throw thrown;
      if (thrown.kind === "loop") throw thrown;
      return undefined;
    }
  }

  async stat(path: string, options?: LookupOptions): Promise<SquashfsStat> {
    return (await this.#at(path, options)).stat;
  }

  async inode(ino: number): Promise<SquashfsStat> {
    return (await exportedInode(this.#image, ino)).stat;
  }

  async *readdir(path: string, options?: LookupOptions) {
    const { directory } = await this.#at(path, options);
    if (!directory) throw new SquashfsPathError("notDirectory", path);
    for await (const { name, type, ino } of entriesOf(this.#image, directory)) {
      yield { name, type, ino };
    }
  }

  async #fileAt(path: string, options?: LookupOptions): Promise<Inode> {
    const inode = await this.#at(path, options);
    if (!inode.file) throw new SquashfsPathError("notFile", path);
    return inode;
  }

  async read(
    path: string,
    range: { readonly offset: number; readonly length: number },
    options?: LookupOptions,
  ): Promise<Uint8Array> {
    const inode = await this.#fileAt(path, options);
    const { sizeBytes } = inode.stat;
    const from = Math.min(range.offset, sizeBytes);
    const to = Math.min(range.offset + range.length, sizeBytes);
    const bytes = new Uint8Array(to - from);
    for await (const piece of piecesOf(this.#image, inode)) {
      if (piece.offset + piece.length <= from) continue;
      if (piece.offset >= to) break;
      const first = Math.max(0, from - piece.offset);
      const part = (await piece.load()).subarray(first, to - piece.offset);
      bytes.set(part, piece.offset + first - from);
    }
    return bytes;
  }

  async *stream(path: string, options?: LookupOptions) {
    const inode = await this.#fileAt(path, options);
    for await (const piece of piecesOf(this.#image, inode)) {
      yield await piece.load();
    }
  }

  async *walk(path = ""): AsyncIterableIterator<SquashfsWalkEntry> {
    const chain = await this.#find(path, {});
    const start = path.split("/").filter((name) => name !== "").join("/");
    yield* this.#below(chain, start, { directories: 0 });
  }

  async *#below(
    chain: Chain,
    path: string,
    seen: { directories: number },
  ): AsyncIterableIterator<SquashfsWalkEntry> {
    const here = chain.at(-1)!;
    yield { path, stat: here.stat };
    if (!here.directory) return;
    // A directory has one name, so there are no more of them than inodes.
    if (++seen.directories > this.info.inodeCount) {
      refuse("corrupt", "a directory with two names", here.at);
    }
    for await (const entry of entriesOf(this.#image, here.directory)) {
      const child = await childOf(this.#image, here, entry);
      const below = path === "" ? entry.name : `${path}/${entry.name}`;
      yield* this.#below(this.#join(chain, child), below, seen);
    }
  }

  async xattrs(path: string, options?: LookupOptions) {
    const { xattr } = await this.#at(path, options);
    return await xattrsOf(this.#image, xattr);
  }
}

/** Opens an image; `codecs` is a `Reference`, or anything that decompresses. */
export async function openReferenceSquashfs(
  codecs: Decompressors,
  source: ByteSource,
): Promise<SquashfsReader> {
  const image = await Image.open(source, codecs);
  const root = await readInode(image, image.superblock.root);
  if (!root.directory) refuse("corrupt", "the root is no directory", root.at);
  return new ReferenceReader(image, root);
}
