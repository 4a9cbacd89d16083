/**
 * What goes into a SquashFS image, as a tree of values. A node that is in two
 * places is a hard link.
 */

interface Common {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtimeSeconds?: number;
  /** Values by full name, as in "user.comment". */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** The long form of the inode, also where the short one would do. */
  readonly extended?: boolean;
}

/** A directory; `headerEntries` names to a header, each in the index. */
export interface DirectoryNode extends Common {
  readonly type: "directory";
  readonly entries: Readonly<Record<string, TreeNode>>;
  readonly headerEntries?: number;
}

/** A file; its tail goes into a fragment unless `fragment` is false. */
export interface FileNode extends Common {
  readonly type: "file";
  readonly bytes: Uint8Array;
  readonly fragment?: boolean;
}

/** A node that is neither directory nor file. */
export type SmallNode =
  & Common
  & (
    | { readonly type: "symlink"; readonly target: string }
    | {
      readonly type: "blockDevice" | "charDevice";
      readonly device: { readonly major: number; readonly minor: number };
    }
    | { readonly type: "fifo" | "socket" }
  );

/** What a name can stand for. */
export type TreeNode = DirectoryNode | FileNode | SmallNode;

/** The numbers of the short forms; the long ones are 7 more. */
export const TYPE_NUMBERS = {
  directory: 1,
  file: 2,
  symlink: 3,
  blockDevice: 4,
  charDevice: 5,
  fifo: 6,
  socket: 7,
} as const;

/** A node with what must be known of all before any is written. */
export interface Numbered {
  readonly node: TreeNode;
  readonly ino: number;
  /** Where it is, the first time. */
  readonly path: string;
  links: number;
}

/** Names of a directory in the order of their bytes. */
export function sortedNames(directory: DirectoryNode): string[] {
  return Object.keys(directory.entries).sort((a, b) => a < b ? -1 : 1);
}

/** Numbers every node, a directory after what is in it, the root last. */
export function numberNodes(root: DirectoryNode): Map<TreeNode, Numbered> {
  const all = new Map<TreeNode, Numbered>();
  const visit = (node: TreeNode, path: string): void => {
    const known = all.get(node);
    if (known) {
      known.links++;
      return;
    }
    let links = 1;
    if (node.type === "directory") {
      links = 2;
      for (const name of sortedNames(node)) {
        const child = node.entries[name]!;
        visit(child, `${path === "/" ? "" : path}/${name}`);
        if (child.type === "directory") links++;
      }
    }
    all.set(node, { node, ino: all.size + 1, path, links });
  };
  visit(root, "/");
  return all;
}
