/**
 * Paths: from the root to an inode, name by name, through links where they are
 * to be followed. Nothing leaves the root, and every way ends: links are
 * counted, and directories that are in one another too.
 */
import { CoreError } from "../errors.ts";
import type { Directories } from "./directories.ts";
import type { Inode, Inodes } from "./inodes.ts";
import type { Image } from "./metadata.ts";
import { encodeName } from "./names.ts";
import {
  type LookupOptions,
  SQUASHFS_LIMITS,
  SquashfsPathError,
} from "./types.ts";

/** Looks up paths. */
export class Paths {
  readonly #image: Image;
  readonly #inodes: Inodes;
  readonly #directories: Directories;
  readonly root: Inode;

  constructor(
    image: Image,
    parts: { inodes: Inodes; directories: Directories; root: Inode },
  ) {
    this.#image = image;
    this.#inodes = parts.inodes;
    this.#directories = parts.directories;
    this.root = parts.root;
  }

  /** The inode at `path`; a {@linkcode SquashfsPathError} if there is none. */
  async find(path: string, options: LookupOptions = {}): Promise<Inode> {
    const above: Inode[] = [];
    const names = path.split("/").reverse();
    let here = this.root, links = 0;
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      // "a/" is "a", but only if that is a directory.
      if (here.kind !== "directory") {
        throw new SquashfsPathError("notDirectory", path);
      }
      if (name === "" || name === ".") continue;
      if (name === "..") {
        here = above.pop() ?? here;
        continue;
      }
      const entry = await this.#directories.find(here, encodeName(name));
      if (!entry) throw new SquashfsPathError("notFound", path);
      const inode = await this.#inodes.of(entry, here);
      if (inode.target !== undefined && options.follow) {
        links++;
        if (links > SQUASHFS_LIMITS.links) {
          throw new SquashfsPathError("loop", path);
        }
        if (inode.target.startsWith("/")) {
          above.length = 0;
          here = this.root;
        }
        names.push(...inode.target.split("/").reverse());
        continue;
      }
      above.push(here);
      this.checkDepth(above.length);
      here = inode;
    }
    return here;
  }

  /** Throws if there are more directories in one another than are read. */
  checkDepth(depth: number): void {
    if (depth <= SQUASHFS_LIMITS.depth) return;
    const { directories } = this.#image.superblock;
    throw new CoreError("limit", "directories in one another", directories);
  }
}
