/**
 * A walk over a tree. It ends whatever the image says: a directory is entered
 * once, however many entries lead to it, and at most so deep.
 */
import type { Directories } from "./directories.ts";
import type { EntryRecord } from "./decoder.ts";
import type { Inode, Inodes } from "./inodes.ts";
import type { Paths } from "./paths.ts";

/** Numbers that were seen; as many bits as there are numbers near them. */
class Seen {
  readonly #groups = new Map<number, Uint8Array>();

  /** Whether `n` is new. */
  add(n: number): boolean {
    const key = n >>> 9, byte = n >>> 3 & 63, bit = 1 << (n & 7);
    let group = this.#groups.get(key);
    if (!group) this.#groups.set(key, group = new Uint8Array(64));
    const isNew = (group[byte]! & bit) === 0;
    group[byte]! |= bit;
    return isNew;
  }
}

/** An inode on a walk. */
export interface WalkedInode {
  readonly path: string;
  readonly inode: Inode;
}

/** What is walked over. */
export interface WalkParts {
  readonly inodes: Inodes;
  readonly directories: Directories;
  readonly paths: Paths;
}

/** Where a walk is in one directory. */
interface Level {
  readonly path: string;
  readonly inode: Inode;
  readonly runs: AsyncIterator<readonly EntryRecord[], undefined>;
  entries: readonly EntryRecord[];
  at: number;
}

/** Everything below `path` and itself, a directory before what is in it. */
export async function* walk(
  parts: WalkParts,
  path: string,
): AsyncGenerator<WalkedInode, undefined> {
  const { inodes, directories, paths } = parts;
  const top = await paths.find(path);
  const start = path.split("/").filter((name) => name !== "").join("/");
  const seen = new Seen();
  const levels: Level[] = [];
  const enter = (path: string, inode: Inode) => {
    if (!seen.add(inode.ino)) {
      throw inodes.corrupt(inode, "a directory that is in two places");
    }
    paths.checkDepth(levels.length);
    const runs = directories.entries(inode);
    levels.push({ path, inode, runs, entries: [], at: 0 });
  };
  yield { path: start, inode: top };
  if (top.kind === "directory") enter(start, top);
  while (levels.length > 0) {
    const level = levels.at(-1)!;
    if (level.at === level.entries.length) {
      const { value } = await level.runs.next();
      if (value) Object.assign(level, { entries: value, at: 0 });
      else levels.pop();
      continue;
    }
    const entry = level.entries[level.at++]!;
    const inode = await inodes.of(entry, level.inode);
    const below = level.path === ""
      ? entry.name
      : `${level.path}/${entry.name}`;
    yield { path: below, inode };
    if (inode.kind === "directory") enter(below, inode);
  }
}
