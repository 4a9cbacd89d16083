/**
 * What a reader of SquashFS 4.0 offers: the same for the one on core.wasm and
 * for the reference. Paths begin at the root of the image, with or without a
 * slash. Names that are not UTF-8 keep each wrong byte as U+DC80 to U+DCFF, as
 * PEP 383 has it, so that every name is a string and none is lost.
 *
 * Wrong bytes end in a `CoreError`, a wrong path in a `SquashfsPathError`.
 */

/** The numbers of a superblock. `lzma` has no specification and is refused. */
export const COMPRESSIONS = {
  1: "gzip",
  3: "lzo",
  4: "xz",
  5: "lz4",
  6: "zstd",
} as const;

/** How the blocks of an image are compressed. */
export type Compression = (typeof COMPRESSIONS)[keyof typeof COMPRESSIONS];

/** The type of an inode, in either form. */
export type InodeType =
  | "directory"
  | "file"
  | "symlink"
  | "blockDevice"
  | "charDevice"
  | "fifo"
  | "socket";

/** What the superblock says. */
export interface SquashfsInfo {
  /** Of the file system; what follows in the file is not part of it. */
  readonly sizeBytes: number;
  readonly blockSize: number;
  readonly compression: Compression;
  readonly inodeCount: number;
  readonly fragmentCount: number;
  readonly idCount: number;
  /** Of the image, in seconds since 1970. */
  readonly mtimeSeconds: number;
  /** Inodes can be found by number. */
  readonly exportable: boolean;
  readonly hasXattrs: boolean;
}

/** What an inode says. */
export interface SquashfsStat {
  /** The number of the inode, 1 to `inodeCount`; hard links share it. */
  readonly ino: number;
  readonly type: InodeType;
  /** Permissions and the three bits above them, at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly linkCount: number;
  /** Of a file; of the target of a link; otherwise 0. */
  readonly sizeBytes: number;
  /** Of a file: bytes in holes that are not stored. */
  readonly sparseBytes: number;
  /** Of a device. */
  readonly device?: { readonly major: number; readonly minor: number };
  /** Of a link. */
  readonly target?: string;
}

/** A name in a directory. */
export interface SquashfsEntry {
  readonly name: string;
  readonly type: InodeType;
  readonly ino: number;
}

/** Where a walk is; `path` has no slash at its start, the root is "". */
export interface SquashfsWalkEntry {
  readonly path: string;
  readonly stat: SquashfsStat;
}

/** How a path is looked up. */
export interface LookupOptions {
  /** Follow links, also the last one; at most 40. Otherwise none is. */
  readonly follow?: boolean;
}

/** Why a path cannot be answered by an image that is well. */
export type SquashfsPathProblemKind =
  | "notFound"
  | "notDirectory"
  | "notFile"
  /** More links than are followed. */
  | "loop";

/** A path that leads nowhere, or to something else. */
export class SquashfsPathError extends Error {
  override name = "SquashfsPathError";
  readonly kind: SquashfsPathProblemKind;
  readonly path: string;

  constructor(kind: SquashfsPathProblemKind, path: string) {
    super(`${kind} "${path}"`);
    this.kind = kind;
    this.path = path;
  }
}

/** A reader. Calls may overlap. */
export interface SquashfsReader {
  readonly info: SquashfsInfo;
  /** What is at `path`, or nothing. */
  lookup(
    path: string,
    options?: LookupOptions,
  ): Promise<SquashfsStat | undefined>;
  /** As `lookup`; nothing there is an error. */
  stat(path: string, options?: LookupOptions): Promise<SquashfsStat>;
  /** An inode by its number; needs the export table (`unsupported`). */
  inode(ino: number): Promise<SquashfsStat>;
  /** The names of a directory in the order of their bytes. */
  readdir(
    path: string,
    options?: LookupOptions,
  ): AsyncIterableIterator<SquashfsEntry>;
  /** At most `length` bytes of a file from `offset`; fewer only at its end. */
  read(
    path: string,
    range: { readonly offset: number; readonly length: number },
    options?: LookupOptions,
  ): Promise<Uint8Array>;
  /** A whole file in pieces; what is not taken is not read. */
  stream(
    path: string,
    options?: LookupOptions,
  ): AsyncIterableIterator<Uint8Array>;
  /** Everything below `path` and itself: a directory before what is in it. */
  walk(path?: string): AsyncIterableIterator<SquashfsWalkEntry>;
  /** Values by full name, as in "user.comment". Empty without a table. */
  xattrs(
    path: string,
    options?: LookupOptions,
  ): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** Limits of a reader, named; each is checked before anything is allocated. */
export const SQUASHFS_LIMITS = {
  /** Decompressed data blocks and fragments that are kept, in bytes. */
  dataCacheBytes: 8 << 20,
  /** Decompressed blocks of metadata that are kept, in bytes. */
  metadataCacheBytes: 1 << 20,
  /** A name, in bytes; the format allows no more. */
  nameBytes: 256,
  /** The target of a link, in bytes: PATH_MAX of Linux. */
  targetBytes: 4096,
  /** Directories in one another. */
  depth: 256,
  /** Links that are followed on one path: MAXSYMLINKS of Linux. */
  links: 40,
  /** All extended attributes of one inode: XATTR_LIST_MAX of Linux. */
  xattrListBytes: 65_536,
  /** The value of one: XATTR_SIZE_MAX of Linux. */
  xattrValueBytes: 65_536,
} as const;
