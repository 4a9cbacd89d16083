/**
 * A small writer of SquashFS 4.0 for tests: every type of inode in both forms,
 * fragments, holes, indexed directories, hard links, extended attributes, the
 * export table. What it writes is right until a hook makes it wrong.
 *
 *     superblock | options | data | inodes | listings | fragments | export
 *     | ids | xattrs
 */
import { DataWriter, type FileData } from "./data.ts";
import {
  directoryInode,
  fileInode,
  type InodeContext,
  type Listing,
  smallInode,
  writeListing,
  type Written,
} from "./inodes.ts";
import { appendTable, COMPRESSORS, ImageBytes } from "./metadata.ts";
import { MetadataWriter, type WriterCompression } from "./metadata.ts";
import { type Hook, serialize, u16, u32, u64 } from "./record.ts";
import { type DirectoryNode, type Numbered, numberNodes } from "./tree.ts";
import { XattrWriter } from "./xattrs.ts";

const SUPERBLOCK_SIZE = 96;
const NOTHING = 0xffff_ffff_ffff_ffffn;
const COMPRESSION_NUMBERS = { gzip: 1, zstd: 6, none: 1 } as const;
const FLAG = { exportable: 0x80, noXattrs: 0x200, options: 0x400 } as const;
/** Inodes, data, fragments, attributes and ids are stored as they are. */
const STORED_FLAGS = 0x1 | 0x2 | 0x8 | 0x100 | 0x800;

/** How an image is written. */
export interface WriterOptions {
  /** By default 4096. */
  readonly blockSize?: number;
  /** By default "gzip". */
  readonly compression?: WriterCompression;
  /** With an export table; by default it has one. */
  readonly exportable?: boolean;
  readonly hook?: Hook;
}

/** An image, and where its inodes are. */
export interface WrittenImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** By path; a hard link is at the first. */
  readonly inodes: ReadonlyMap<
    string,
    { readonly block: number; readonly offset: number; readonly ino: number }
  >;
}

/** Where the superblock says that they are. */
type Tables = Readonly<
  Record<
    | "inodeTable"
    | "directoryTable"
    | "fragmentTable"
    | "exportTable"
    | "idTable"
    | "xattrTable",
    number | bigint
  >
>;

/** The parts of an image that are being written. */
class ImageWriter {
  readonly #options: WriterOptions;
  readonly #numbered;
  readonly #image = new ImageBytes();
  readonly #ids: number[] = [];
  readonly #inodes;
  readonly #listings;
  readonly #xattrs;
  readonly #data;
  readonly #written = new Map<unknown, Written>();

  constructor(root: DirectoryNode, options: WriterOptions) {
    this.#options = options;
    this.#numbered = numberNodes(root);
    const { hook, compression = "gzip", blockSize = 4096 } = options;
    this.#inodes = new MetadataWriter(this.#metadata("inodes"));
    this.#listings = new MetadataWriter(this.#metadata("listings"));
    this.#xattrs = new XattrWriter(this.#metadata("xattr ids"));
    const compress = COMPRESSORS[compression];
    this.#data = new DataWriter(this.#image, { blockSize, compress, hook });
  }

  #metadata(name: string) {
    const { hook, compression = "gzip" } = this.#options;
    return { name, hook, compress: COMPRESSORS[compression] };
  }

  #id = (value: number): number => {
    const known = this.#ids.indexOf(value);
    return known < 0 ? this.#ids.push(value) - 1 : known;
  };

  #parents(): Map<unknown, number> {
    const parents = new Map<unknown, number>();
    for (const { node, ino } of this.#numbered.values()) {
      if (node.type !== "directory") continue;
      for (const child of Object.values(node.entries)) parents.set(child, ino);
    }
    return parents;
  }

  #inode(numbered: Numbered, parent: number, data?: FileData): Uint8Array {
    const { node } = numbered;
    const { hook } = this.#options;
    const xattr = node.xattrs && this.#xattrs.add(node.xattrs);
    const context: InodeContext = { numbered, id: this.#id, xattr, hook };
    if (node.type === "file") {
      return fileInode(context, data!, node.bytes.length);
    }
    if (node.type !== "directory") return smallInode(context, node);
    const listing: Listing = writeListing(
      { ...numbered, node },
      this.#listings,
      { written: this.#written, hook },
    );
    return directoryInode(context, listing, parent);
  }

  #writeTree(): void {
    const data = new Map<Numbered, FileData>();
    for (const numbered of this.#numbered.values()) {
      const { node, path } = numbered;
      if (node.type === "file") {
        data.set(numbered, this.#data.file(path, node));
      }
    }
    this.#data.flush();
    const parents = this.#parents();
    const beyond = this.#numbered.size + 1;
    for (const numbered of this.#numbered.values()) {
      const parent = parents.get(numbered.node) ?? beyond;
      const bytes = this.#inode(numbered, parent, data.get(numbered));
      const place = this.#inodes.position;
      this.#written.set(numbered.node, { ...place, numbered });
      this.#inodes.write(bytes);
    }
  }

  #references(): Uint8Array[] {
    const { hook } = this.#options;
    return [...this.#written.values()].map(({ block, offset, numbered }) =>
      serialize({
        name: `export ${numbered.ino}`,
        fields: [u64("reference", block * 0x10000 + offset)],
      }, hook)
    );
  }

  #tables(): Tables {
    const image = this.#image;
    const { hook, exportable = true } = this.#options;
    const fragments = this.#data.fragments;
    const inodeTable = image.size;
    image.append(this.#inodes.finish());
    const directoryTable = image.size;
    image.append(this.#listings.finish());
    const fragmentTable = fragments.length === 0
      ? NOTHING
      : appendTable(image, fragments, this.#metadata("fragments"));
    const exportTable = exportable
      ? appendTable(image, this.#references(), this.#metadata("export"))
      : NOTHING;
    const ids = this.#ids.map((value, i) =>
      serialize({ name: `id ${i}`, fields: [u32("value", value)] }, hook)
    );
    const idTable = appendTable(image, ids, this.#metadata("ids"));
    const xattrTable = this.#xattrs.finish(image) ?? NOTHING;
    return {
      ...{ inodeTable, directoryTable, fragmentTable, exportTable, idTable },
      xattrTable,
    };
  }

  #superblock(tables: Tables): Uint8Array {
    const { blockSize = 4096, compression = "gzip", hook } = this.#options;
    const root = [...this.#written.values()].at(-1)!;
    const flags = (compression === "none" ? STORED_FLAGS : 0) |
      (tables.exportTable === NOTHING ? 0 : FLAG.exportable) |
      (tables.xattrTable === NOTHING ? FLAG.noXattrs : 0) |
      (compression === "zstd" ? FLAG.options : 0);
    return serialize({
      name: "superblock",
      fields: [
        u32("magic", 0x73717368),
        u32("inodeCount", this.#numbered.size),
        u32("mtime", 0),
        u32("blockSize", blockSize),
        u32("fragmentCount", this.#data.fragments.length),
        u16("compression", COMPRESSION_NUMBERS[compression]),
        u16("blockLog", Math.log2(blockSize)),
        u16("flags", flags),
        u16("idCount", this.#ids.length),
        u16("major", 4),
        u16("minor", 0),
        u64("root", root.block * 0x10000 + root.offset),
        u64("bytesUsed", this.#image.size),
        u64("idTable", tables.idTable),
        u64("xattrTable", tables.xattrTable),
        u64("inodeTable", tables.inodeTable),
        u64("directoryTable", tables.directoryTable),
        u64("fragmentTable", tables.fragmentTable),
        u64("exportTable", tables.exportTable),
      ],
    }, hook);
  }

  write(): WrittenImage {
    this.#image.append(new Uint8Array(SUPERBLOCK_SIZE));
    if (this.#options.compression === "zstd") {
      this.#image.append(serialize({
        name: "options",
        fields: [u16("header", 0x8004), u32("level", 15)],
      }, this.#options.hook));
    }
    this.#writeTree();
    const tables = this.#tables();
    const bytes = this.#image.toBytes();
    bytes.set(this.#superblock(tables));
    const inodes = new Map(
      [...this.#written.values()].map(({ block, offset, numbered }) => [
        numbered.path,
        { block, offset, ino: numbered.ino },
      ]),
    );
    return { bytes, inodes };
  }
}

/** The image of a tree. */
export function writeSquashfs(
  root: DirectoryNode,
  options: WriterOptions = {},
): WrittenImage {
  return new ImageWriter(root, options).write();
}
