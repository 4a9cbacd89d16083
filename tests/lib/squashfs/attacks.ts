/**
 * Attacks on a reader of SquashFS: images that are wrong in one way each, what
 * is changed as data, and how a reader refuses them.
 */
import { deflateSync } from "node:zlib";
import type { CoreProblemKind } from "#core-wasm/mod.ts";
import { type Changes, changing } from "./record.ts";
import { everything, few } from "./samples.ts";
import type { DirectoryNode, TreeNode } from "./tree.ts";
import { writeSquashfs, type WrittenImage } from "./writer.ts";

/** How an image is refused; "any" where it depends on what is met first. */
type Kind = CoreProblemKind | "any";

/** An image that is refused. */
export interface Attack {
  readonly name: string;
  readonly kind: Kind;
  readonly make: () => Uint8Array<ArrayBuffer>;
}

/** A name, how it is refused, and what is changed in the image of a tree. */
type Row = readonly [
  string,
  Kind,
  Changes | ((good: WrittenImage) => Changes),
];

const MAX32 = 0xffff_ffff;
const SIGN32 = 0x8000_0000;
const MAX64 = 0xffff_ffff_ffff_ffffn;
const SIGN64 = 1n << 63n;
const STORED = 1 << 24;
const BEYOND = 1n << 40n;

/** Reads like `superblock({ major: 3 })`. */
function superblock(fields: Record<string, number | bigint>): Changes {
  return { superblock: fields };
}

// Of the tree `few`, all of whose inodes are in one block.
const SUPERBLOCK: readonly Row[] = [
  ["another magic", "badMagic", superblock({ magic: 0x73717369 })],
  [
    "the magic of big-endian images",
    "badMagic",
    superblock({
      magic: 0x68737173,
    }),
  ],
  ["version 3.1", "unsupported", superblock({ major: 3, minor: 1 })],
  ["version 4.1", "unsupported", superblock({ minor: 1 })],
  ["no compression", "unsupported", superblock({ compression: 0 })],
  ["lzma", "unsupported", superblock({ compression: 2 })],
  ["an unknown compression", "unsupported", superblock({ compression: 7 })],
  ["blocks of 0", "corrupt", superblock({ blockSize: 0 })],
  ["blocks of 4095", "corrupt", superblock({ blockSize: 4095 })],
  ["blocks of 2 KiB", "corrupt", superblock({ blockSize: 2048, blockLog: 11 })],
  [
    "blocks of 2 MiB",
    "corrupt",
    superblock({
      ...{ blockSize: 2 << 20, blockLog: 21 },
    }),
  ],
  [
    "blocks of 2 GiB",
    "corrupt",
    superblock({
      ...{ blockSize: SIGN32, blockLog: 31 },
    }),
  ],
  ["a log of another block size", "corrupt", superblock({ blockLog: 13 })],
  ["a log of 65535", "corrupt", superblock({ blockLog: 65_535 })],
  ["no inodes", "corrupt", superblock({ inodeCount: 0 })],
  ["no ids", "corrupt", superblock({ idCount: 0 })],
  [
    "more ids than there is room",
    "outOfBounds",
    superblock({
      idCount: 65_535,
    }),
  ],
  [
    "more fragments than there is room",
    "outOfBounds",
    superblock({
      fragmentCount: MAX32,
    }),
  ],
  [
    "more inodes than there is room",
    "outOfBounds",
    superblock({
      inodeCount: MAX32,
    }),
  ],
  ["shorter than a superblock", "outOfBounds", superblock({ bytesUsed: 95 })],
  ["nothing used", "outOfBounds", superblock({ bytesUsed: 0 })],
  [
    "more used than there is",
    "outOfBounds",
    superblock({
      bytesUsed: 1_000_000,
    }),
  ],
  ["2 ** 64 - 1 used", "outOfBounds", superblock({ bytesUsed: MAX64 })],
  ["a root past the inodes", "outOfBounds", superblock({ root: 0x1000_0000 })],
  ["a root past 8 KiB", "outOfBounds", superblock({ root: 8192 })],
  ["a root past its block", "outOfBounds", superblock({ root: 8191 })],
  ["a root at 2 ** 64 - 1", "outOfBounds", superblock({ root: MAX64 })],
  ["a root that is no inode", "outOfBounds", superblock({ root: 3 })],
  [
    "a root that is a file",
    "corrupt",
    (good) => superblock({ root: good.inodes.get("/e")!.offset }),
  ],
  [
    "inodes after directories",
    "outOfBounds",
    superblock({ directoryTable: 96 }),
  ],
  ["options that are not there", "any", superblock({ flags: 0x480 })],
  ...["idTable", "inodeTable", "directoryTable", "fragmentTable", "exportTable"]
    .flatMap((table): Row[] => [
      [
        `${table} in the superblock`,
        "outOfBounds",
        superblock({ [table]: 95 }),
      ],
      [`${table} past the end`, "outOfBounds", superblock({ [table]: BEYOND })],
      [
        `${table} with the sign bit`,
        "outOfBounds",
        superblock({
          [table]: SIGN64,
        }),
      ],
    ]),
  // Without a table of exports, nothing is exported.
  ...["idTable", "inodeTable", "directoryTable", "fragmentTable"].map(
    (table): Row => [
      `no ${table}`,
      "outOfBounds",
      superblock({ [table]: MAX64 }),
    ],
  ),
  [
    "xattrTable in the superblock",
    "outOfBounds",
    superblock({
      xattrTable: 1,
    }),
  ],
  [
    "xattrTable past the end",
    "outOfBounds",
    superblock({
      xattrTable: BEYOND,
    }),
  ],
];

const NAMES: readonly Row[] = [
  ["a name with a slash", "corrupt", { "entry /b": { name: "/" } }],
  ["a name with NUL", "corrupt", { "entry /b": { name: "\0" } }],
  ["the name .", "corrupt", { "entry /b": { name: "." } }],
  ["the name ..", "corrupt", { "entry /b": { size: 1, name: ".." } }],
  ["an absolute path", "corrupt", { "entry /b": { size: 3, name: "/etc" } }],
  ["a way up", "corrupt", { "entry /b": { size: 4, name: "../up" } }],
  ["a name of 257 bytes", "limit", {
    "entry /b": { size: 256, name: "b".repeat(257) },
  }],
  ["a name of 65536 bytes", "limit", { "entry /b": { size: 65_535 } }],
  ["names out of order", "corrupt", { "entry /a": { name: "c" } }],
  ["a name twice", "corrupt", { "entry /b": { name: "a" } }],
  ["a name after a longer one", "corrupt", {
    "entry /a": { size: 1, name: "bb" },
  }],
];

const DIRECTORIES: readonly Row[] = [
  ["a directory in itself", "corrupt", (good) => ({
    "header /b 0": { inode: good.inodes.get("/b")!.ino },
    "entry /b/c": { offset: good.inodes.get("/b")!.offset, type: 1 },
  })],
  ["the root in a directory", "corrupt", (good) => ({
    "header /b 0": { inode: good.inodes.get("/")!.ino },
    "entry /b/c": { offset: good.inodes.get("/")!.offset, type: 1 },
  })],
  ["another parent", "corrupt", { "inode /b": { parent: 2 } }],
  ["a run of 257", "corrupt", { "header / 0": { count: 256 } }],
  ["a run of 2 ** 32", "corrupt", { "header / 0": { count: MAX32 } }],
  ["a run longer than its directory", "corrupt", {
    "header / 0": { count: 9 },
  }],
  ["a run shorter than its directory", "corrupt", {
    "header / 0": { count: 0 },
  }],
  ["a listing of 4 bytes", "corrupt", { "inode /b": { size: 4 } }],
  ["a listing that ends in a name", "corrupt", { "inode /": { size: 45 } }],
  ["a listing of 64 KiB", "corrupt", { "inode /b": { size: 65_535 } }],
  ["a listing past 8 KiB", "outOfBounds", { "inode /b": { offset: 8192 } }],
  ["a listing past its block", "outOfBounds", { "inode /b": { offset: 8191 } }],
  ["a listing past the table", "outOfBounds", { "inode /b": { block: MAX32 } }],
  ["an entry past 8 KiB", "outOfBounds", { "entry /a": { offset: 8192 } }],
  ["an entry past the inodes", "outOfBounds", {
    "header / 0": { block: SIGN32 },
  }],
  ["an entry with number 0", "outOfBounds", {
    "header / 0": { inode: 0 },
    "entry /a": { delta: 0 },
  }],
  ["an entry with a number below 0", "outOfBounds", {
    "entry /a": { delta: 0x8000 },
  }],
  ["an entry with the number of another", "corrupt", {
    "entry /a": { delta: 3 },
  }],
  ["an entry of another type", "corrupt", { "entry /a": { type: 3 } }],
  ["a directory that says it is a file", "corrupt", {
    "entry /b": { type: 2 },
  }],
  ["an entry of type 0", "corrupt", { "entry /a": { type: 0 } }],
  ["an entry of a long type", "corrupt", { "entry /a": { type: 9 } }],
  ["an entry of type 65535", "corrupt", { "entry /a": { type: 65_535 } }],
];

const INODES: readonly Row[] = [
  ["an inode of type 0", "corrupt", { "inode /a": { type: 0 } }],
  ["an inode of type 15", "corrupt", { "inode /a": { type: 15 } }],
  ["an inode with number 0", "outOfBounds", { "inode /a": { ino: 0 } }],
  ["a number past the count", "outOfBounds", { "inode /a": { ino: 7 } }],
  ["the number of another inode", "corrupt", { "inode /a": { ino: 2 } }],
  ["mode 0o10000", "corrupt", { "inode /a": { mode: 0o10000 } }],
  ["a user past the ids", "outOfBounds", { "inode /a": { uid: 1 } }],
  ["a group past the ids", "outOfBounds", { "inode /a": { gid: 65_535 } }],
  ["ids past the end", "outOfBounds", { "locations ids": { 0: BEYOND } }],
  ["a fragment equal to the count", "outOfBounds", {
    "inode /a": { fragment: 1 },
  }],
  ["fragment 2 ** 32 - 2", "outOfBounds", {
    "inode /a": { fragment: MAX32 - 1 },
  }],
  ["a tail past a block", "corrupt", { "inode /a": { tailOffset: 4096 } }],
  ["a tail past its fragment", "corrupt", {
    "inode /a": { tailOffset: 1900 },
  }],
  ["a tail at 2 ** 32 - 1", "corrupt", {
    "inode /a": { tailOffset: MAX32 },
  }],
  ["a fragment past the end", "outOfBounds", {
    "fragment 0": { start: BEYOND },
  }],
  ["a fragment at 2 ** 64 - 1", "outOfBounds", {
    "fragment 0": { start: MAX64 },
  }],
  ["a fragment larger than a block", "corrupt", {
    "fragment 0": { size: 4097 | STORED },
  }],
  ["a fragment of 2 ** 32 - 1", "corrupt", { "fragment 0": { size: MAX32 } }],
  ["a fragment of nothing", "corrupt", { "fragment 0": { size: 0 } }],
  ["fragments past the end", "outOfBounds", {
    "locations fragments": { 0: MAX64 },
  }],
  ["a file past the end", "outOfBounds", { "inode /a": { start: MAX32 } }],
  ["a file of 4 GiB in two blocks", "outOfBounds", {
    "inode /a": { size: MAX32 },
  }],
  ["a block larger than a block", "corrupt", {
    "inode /a": { block0: 4097 | STORED },
  }],
  ["a compressed block larger than a block", "corrupt", {
    "inode /a": { block0: 4097 },
  }],
  ["a block of 2 ** 32 - 1", "corrupt", { "inode /a": { block0: MAX32 } }],
  ["a stored block that is short", "corrupt", {
    "inode /a": { block0: 100 | STORED },
  }],
  ["a block past the end", "outOfBounds", {
    "inode /a": { block0: 4096 | STORED, block1: 4096 | STORED },
  }],
  ["a link to nothing", "corrupt", { "inode /d": { size: 0 } }],
  ["a target of 4097 bytes", "limit", { "inode /d": { size: 4097 } }],
  ["a target of 4 GiB", "limit", { "inode /d": { size: MAX32 } }],
  ["a target with NUL", "corrupt", { "inode /d": { target: "b\0c" } }],
  ["an exported inode that is another", "corrupt", (good) => ({
    "export 1": { reference: good.inodes.get("/d")!.offset },
  })],
  ["an exported inode past the inodes", "outOfBounds", {
    "export 1": { reference: BEYOND },
  }],
  ["a value that goes on in the next table", "outOfBounds", {
    "xattr value 0 0": { size: 13 },
  }],
  ["exported inodes past the end", "outOfBounds", {
    "locations export": { 0: SIGN64 },
  }],
];

const LONG_INODES: readonly Row[] = [
  ["a file of 2 ** 64 - 1", "limit", { "inode /holes": { size: MAX64 } }],
  ["a file of 2 ** 53", "limit", { "inode /holes": { size: 1n << 53n } }],
  ["a file of 2 ** 40", "corrupt", { "inode /holes": { size: BEYOND } }],
  ["a file with the sign bit", "limit", {
    "inode /holes": { size: SIGN64 },
  }],
  ["a long file past the end", "outOfBounds", {
    "inode /holes": { start: BEYOND },
  }],
  ["a file at 2 ** 64 - 1", "outOfBounds", {
    "inode /holes": { start: MAX64 },
  }],
  ["an index of 65535", "any", { "inode /names": { indexCount: 65_535 } }],
  ["an index that is too long", "any", {
    "inode /names": { indexCount: 9 },
  }],
  ["an index past the names", "corrupt", { "index /names 0": { at: 10_000 } }],
  ["an index into a name", "corrupt", { "index /names 0": { at: 20 } }],
  ["an index into another block", "corrupt", {
    "index /names 0": { block: 7 },
  }],
  ["an index name of 4 GiB", "limit", { "index /names 0": { size: MAX32 } }],
  ["an index out of order", "corrupt", { "index /names 0": { at: 60 } }],
];

const XATTRS: readonly Row[] = [
  ["attributes equal to the count", "outOfBounds", {
    "inode /holes": { xattr: 4 },
  }],
  ["attributes 2 ** 32 - 2", "outOfBounds", {
    "inode /holes": { xattr: MAX32 - 1 },
  }],
  ["more sets than there is room", "outOfBounds", {
    "xattr table": { count: MAX32 },
  }],
  ["pairs past the end", "outOfBounds", { "xattr table": { start: BEYOND } }],
  ["pairs at 2 ** 64 - 1", "outOfBounds", { "xattr table": { start: MAX64 } }],
  ["a set past the pairs", "outOfBounds", {
    "xattr id 0": { reference: BEYOND },
  }],
  ["a set past 8 KiB", "outOfBounds", { "xattr id 0": { reference: 8192 } }],
  ["a set of 2 ** 32 - 1", "corrupt", { "xattr id 3": { count: MAX32 } }],
  ["sets past the end", "outOfBounds", {
    "locations xattr ids": { 0: MAX64 },
  }],
  ["an unknown prefix", "unsupported", { "xattr key 0 0": { type: 3 } }],
  ["an attribute without a name", "corrupt", { "xattr key 0 0": { size: 0 } }],
  ["an attribute name of 65535", "limit", {
    "xattr key 0 0": { size: 65_535 },
  }],
  ["an attribute name with NUL", "corrupt", {
    "xattr key 0 0": { name: "\0" },
  }],
  ["an attribute twice", "corrupt", {
    "xattr key 1 1": { type: 1, size: 1, name: "t" },
  }],
  ["a value of 4 GiB", "limit", { "xattr value 0 0": { size: MAX32 } }],
  ["a value of 65537 bytes", "limit", { "xattr value 0 0": { size: 65_537 } }],
  ["a reference of 9 bytes", "corrupt", { "xattr value 2 0": { size: 9 } }],
  ["a value past the pairs", "outOfBounds", {
    "xattr value 2 0": { reference: BEYOND },
  }],
  ["a value past 8 KiB", "outOfBounds", {
    "xattr value 2 0": { reference: 0xffff },
  }],
];

const zeros = (size: number) => new Uint8Array(size);

const BLOCKS: readonly Row[] = [
  ["inodes that become 8193 bytes", "corrupt", {
    "block inodes 0": { plain: zeros(8193) },
  }],
  ["inodes that become 1 MiB", "corrupt", {
    "block inodes 0": { plain: zeros(1 << 20) },
  }],
  ["a listing that becomes 1 MiB", "corrupt", {
    "block listings 0": { plain: zeros(1 << 20) },
  }],
  ["ids that become 1 MiB", "corrupt", {
    "block ids 0": { plain: zeros(1 << 20) },
  }],
  ["metadata of no bytes", "corrupt", { "stored inodes 0": { header: 0 } }],
  ["stored metadata of no bytes", "corrupt", {
    "stored inodes 0": { header: 0x8000 },
  }],
  ["metadata of 8193 bytes", "corrupt", {
    "stored inodes 0": { header: 8193 },
  }],
  ["stored metadata of 32767 bytes", "corrupt", {
    "stored inodes 0": { header: 65_535 },
  }],
  ["metadata past the end", "any", {
    "stored ids 0": { header: 0x8000 | 4000 },
  }],
  ["compressed metadata that is none", "corrupt", {
    "stored inodes 0": { bytes: zeros(200) },
  }],
  ["data that becomes more than a block", "corrupt", {
    "data /a 0": { bytes: deflateSync(zeros(4097)) },
  }],
  ["data that becomes 1 MiB", "corrupt", {
    "data /a 0": { bytes: deflateSync(zeros(1 << 20)) },
  }],
  ["data that becomes less than a block", "corrupt", {
    "data /a 0": { bytes: deflateSync(zeros(100)) },
  }],
  ["a fragment that becomes 1 MiB", "corrupt", {
    "fragment data 0": { bytes: deflateSync(zeros(1 << 20)) },
  }],
];

/** Directories in one another. */
function nested(depth: number): DirectoryNode {
  let root: DirectoryNode = { type: "directory", entries: {} };
  for (let i = 0; i < depth; i++) {
    root = { type: "directory", entries: { d: root } };
  }
  return root;
}

/** 2 ** depth paths, as each directory has two names. */
function doubled(depth: number): DirectoryNode {
  let root: DirectoryNode = { type: "directory", entries: {} };
  for (let i = 0; i < depth; i++) {
    root = { type: "directory", entries: { a: root, b: root } };
  }
  return root;
}

/** One value of 60 KB under thousands of names. */
function shared(): DirectoryNode {
  const value = "v".repeat(60_000);
  const xattrs: Record<string, string> = {};
  for (let i = 0; i < 4_000; i++) xattrs[`user.${i}`] = value;
  const file: TreeNode = { type: "fifo", xattrs };
  return { type: "directory", entries: { file } };
}

function rows(table: readonly Row[], tree: DirectoryNode): Attack[] {
  const good = writeSquashfs(tree);
  return table.map(([name, kind, wanted]) => ({
    name,
    kind,
    make: () => {
      const changes = typeof wanted === "function" ? wanted(good) : wanted;
      const done = new Set<string>();
      const hook = changing(changes, done);
      const { bytes } = writeSquashfs(tree, { hook });
      const count = Object.values(changes)
        .reduce((sum, fields) => sum + Object.keys(fields).length, 0);
      if (done.size !== count) throw new Error(`only changed: ${[...done]}`);
      return bytes;
    },
  }));
}

function trees(): Attack[] {
  const of = (name: string, kind: Kind, tree: DirectoryNode) => ({
    name,
    kind,
    make: () => writeSquashfs(tree).bytes,
  });
  return [
    of("300 directories in one another", "limit", nested(300)),
    of("directories with two names", "corrupt", doubled(30)),
    of("a large value under 4000 names", "limit", shared()),
  ];
}

/** All of them. */
export function attacks(): readonly Attack[] {
  const short = [
    ...SUPERBLOCK,
    ...NAMES,
    ...DIRECTORIES,
    ...INODES,
    ...BLOCKS,
  ];
  return [
    ...rows(short, few()),
    ...rows([...LONG_INODES, ...XATTRS], everything()),
    ...trees(),
  ];
}
