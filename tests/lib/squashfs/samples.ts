/** Trees that the attacks and the mutants begin with. */
import type { DirectoryNode, TreeNode } from "./tree.ts";

/** Bytes that compress, but not to nothing. */
function text(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = 97 + Math.imul(i, i >> 5) % 23;
  return bytes;
}

/** Blocks of text and a hole between them. */
function holed(blocks: number, blockSize: number): Uint8Array {
  const bytes = text(blocks * blockSize + 100);
  return bytes.fill(0, blockSize, 2 * blockSize);
}

const LONG_VALUE = "a value that is worth a reference";

/** One of everything, for blocks of 4 KiB. */
export function everything(): DirectoryNode {
  const shared: TreeNode = { type: "file", bytes: text(300), uid: 1000 };
  const entries: Record<string, TreeNode> = {
    blocks: { type: "file", bytes: text(3 * 4096 + 77), gid: 7 },
    block: { type: "file", bytes: text(4096), fragment: false },
    short: { type: "file", bytes: text(50), fragment: false },
    empty: { type: "file", bytes: new Uint8Array() },
    hard: shared,
    holes: { type: "file", bytes: holed(3, 4096), xattrs: { "user.a": "b" } },
    link: { type: "symlink", target: "names/m" },
    longLink: {
      type: "symlink",
      target: "/names",
      xattrs: { "trusted.t": LONG_VALUE, "trusted.empty": "" },
    },
    fifo: { type: "fifo", mode: 0o644 },
    longFifo: { type: "fifo", extended: true },
    socket: { type: "socket", uid: 65_536 },
    longSocket: { type: "socket", extended: true },
    disk: { type: "blockDevice", device: { major: 8, minor: 259 } },
    longDisk: {
      type: "blockDevice",
      device: { major: 259, minor: 1 },
      extended: true,
    },
    tty: { type: "charDevice", device: { major: 4, minor: 64 } },
    longTty: {
      type: "charDevice",
      device: { major: 5, minor: 1 },
      xattrs: { "security.s": LONG_VALUE },
    },
    names: { type: "directory", headerEntries: 2, entries: names(shared) },
    nothing: { type: "directory", entries: {} },
  };
  return { type: "directory", entries, mtimeSeconds: 1_600_000_000 };
}

function names(shared: TreeNode): Record<string, TreeNode> {
  const deep: DirectoryNode = {
    type: "directory",
    xattrs: { "user.long": LONG_VALUE },
    entries: { again: shared },
  };
  const entries: Record<string, TreeNode> = { z: deep };
  for (const name of "acegim") {
    entries[name] = { type: "file", bytes: text(20 + name.charCodeAt(0)) };
  }
  return entries;
}

/** A few small things: quick to write and to read. */
export function few(): DirectoryNode {
  return {
    type: "directory",
    entries: {
      a: { type: "file", bytes: text(10_000) },
      b: { type: "directory", entries: { c: { type: "fifo" } } },
      d: { type: "symlink", target: "b/c" },
      e: { type: "file", bytes: text(30), xattrs: { "user.x": "y" } },
    },
  };
}

/** Names that fill several blocks of metadata, all of one inode. */
export function many(): DirectoryNode {
  const shared: TreeNode = { type: "file", bytes: text(5) };
  const entries: Record<string, TreeNode> = {};
  for (let i = 0; i < 200; i++) {
    entries[`name-${`${i}`.padStart(80, "0")}`] = shared;
  }
  const list: DirectoryNode = { type: "directory", entries, headerEntries: 60 };
  return { type: "directory", entries: { list } };
}
