/**
 * Inodes, found by their place, by a directory's entry or by their number,
 * and what `stat` says of them.
 */
import { CoreError } from "../errors.ts";
import type { EntryRecord, InodeRecord, Place } from "./decoder.ts";
import type { LookupTable } from "./lookup.ts";
import { type Image, type Metadata, placeAt, type Table } from "./metadata.ts";
import { decodeName } from "./names.ts";
import type { InodeType, SquashfsStat } from "./types.ts";

/** By the numbers of the format. */
export const TYPES: readonly InodeType[] = [
  "directory",
  "file",
  "symlink",
  "blockDevice",
  "charDevice",
  "fifo",
  "socket",
];

/** An inode, and where it is. */
export interface Inode extends InodeRecord {
  readonly kind: InodeType;
  /** In the table of inodes. */
  readonly place: Place;
  /** Of what follows its fields: blocks, or the index. */
  readonly body: Place;
  /** Of a link. */
  readonly target: string | undefined;
}

/** Reads inodes. */
export class Inodes {
  readonly #image: Image;
  readonly #metadata: Metadata;
  readonly #ids: Uint32Array;
  readonly #exports: LookupTable | undefined;
  readonly table: Table;

  constructor(
    image: Image,
    metadata: Metadata,
    tables: { ids: Uint32Array; exports: LookupTable | undefined },
  ) {
    const { inodes, directories } = image.superblock;
    this.#image = image;
    this.#metadata = metadata;
    this.#ids = tables.ids;
    this.#exports = tables.exports;
    this.table = { start: inodes, end: directories };
  }

  /** The inode at a place. */
  async at(place: Place): Promise<Inode> {
    const { decoder, context } = this.#image;
    const left = this.table.end - this.table.start - place.block;
    const { record, window } = await this.#metadata.record(
      this.table,
      place,
      (window) => decoder.inode(context, window, { at: window.at, left }),
    );
    const { bytes } = window;
    const kind = TYPES[record.type - 1]!;
    const target = kind === "symlink"
      ? decodeName(
        bytes.subarray(record.bodyAt, record.bodyAt + record.size),
      )
      : undefined;
    const body = placeAt(this.table, window, record.bodyAt);
    return { ...record, kind, place, body, target };
  }

  /** The inode of an entry of `parent`, which must be what the entry says. */
  async of(entry: EntryRecord, parent: Inode): Promise<Inode> {
    const inode = await this.at(entry.place);
    if (inode.type !== entry.type || inode.ino !== entry.ino) {
      throw this.corrupt(inode, "an inode that is not what its entry says");
    }
    if (inode.kind === "directory" && inode.parent !== parent.ino) {
      throw this.corrupt(inode, "a directory that belongs into another");
    }
    return inode;
  }

  /** The inode with a number. */
  async numbered(ino: number): Promise<Inode> {
    const { decoder, context, superblock } = this.#image;
    if (!this.#exports) {
      throw new CoreError("unsupported", "no export table", 0);
    }
    if (!Number.isInteger(ino) || ino < 1 || ino > superblock.inodeCount) {
      throw new CoreError("outOfBounds", `no inode ${ino}`, 0);
    }
    const window = await this.#exports.record(ino - 1);
    const place = decoder.reference(context, window, window.at);
    const inode = await this.at(place);
    if (inode.ino === ino) return inode;
    throw this.corrupt(inode, "an inode under a number that is not its own");
  }

  /** An error about an inode. */
  corrupt(inode: Inode, what: string): CoreError {
    const at = this.table.start + inode.place.block;
    return new CoreError("corrupt", what, at);
  }

  /** What is said of an inode. */
  stat(inode: Inode): SquashfsStat {
    const { kind, target } = inode;
    const isDevice = kind === "blockDevice" || kind === "charDevice";
    return {
      ino: inode.ino,
      type: kind,
      mode: inode.mode,
      uid: this.#ids[inode.uidIndex]!,
      gid: this.#ids[inode.gidIndex]!,
      mtimeSeconds: inode.mtimeSeconds,
      linkCount: inode.linkCount,
      sizeBytes: kind === "directory" ? 0 : inode.size,
      sparseBytes: inode.sparse,
      ...isDevice && { device: { major: inode.major, minor: inode.minor } },
      ...target !== undefined && { target },
    };
  }
}
