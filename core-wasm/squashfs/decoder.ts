/**
 * The decoders of core.wasm, with names for their numbers. One module serves
 * any number of images: what it knows of one is put back when another was
 * decoded in between. Nothing here waits, so that calls cannot mix.
 */
import { CoreError } from "../errors.ts";
import type { Codec, Instance, SquashfsDoor } from "../instance.ts";
import { decodeName } from "./names.ts";
import { MORE, REFUSALS } from "./refusals.ts";
import type { Compression } from "./types.ts";
import { COMPRESSIONS } from "./types.ts";

const CODECS: Readonly<Record<Compression, Codec>> = {
  gzip: "zlib",
  lzo: "lzo",
  xz: "xz",
  lz4: "lz4",
  zstd: "zstd",
};

/** The superblock; places are bytes of the image, 0 where a table is absent. */
export interface SuperblockRecord {
  readonly inodeCount: number;
  readonly mtimeSeconds: number;
  readonly blockSize: number;
  readonly fragmentCount: number;
  readonly compression: Compression;
  readonly codec: Codec;
  readonly idCount: number;
  readonly root: Place;
  readonly bytesUsed: number;
  readonly inodes: number;
  readonly directories: number;
  readonly fragments: number;
  readonly exports: number;
  readonly ids: number;
  readonly xattrs: number;
  readonly hasOptions: boolean;
  /** Where the table of directories must have ended. */
  readonly directoryEnd: number;
}

/** A place in a table: a block by its stored offset there, and bytes in it. */
export interface Place {
  readonly block: number;
  readonly offset: number;
}

/** Decompressed metadata, and where it is from. */
export interface Window {
  readonly bytes: Uint8Array;
  /** Of its first block, in the image. */
  readonly from: number;
}

/** An inode, as `assembly/squashfs/inode.ts` gives it out. */
export interface InodeRecord {
  /** 1 to 7, of `TYPES`. */
  readonly type: number;
  readonly mode: number;
  readonly uidIndex: number;
  readonly gidIndex: number;
  readonly mtimeSeconds: number;
  readonly ino: number;
  readonly linkCount: number;
  /** Of a directory: of its listing. */
  readonly size: number;
  readonly sparse: number;
  /** Of a file: its first block, in the image. Of a directory: its listing. */
  readonly start: number;
  /** In the block of the listing, or in the fragment. */
  readonly offset: number;
  readonly blocks: number;
  /** -1: none. */
  readonly fragment: number;
  /** How many entries the index of a directory has. */
  readonly indexCount: number;
  /** -1: none. */
  readonly xattr: number;
  /** Where blocks, target or index begin in the window. */
  readonly bodyAt: number;
  readonly major: number;
  readonly minor: number;
  /** Of a directory: the number of the one that it is in. */
  readonly parent: number;
}

/** An entry of a directory. */
export interface EntryRecord {
  readonly place: Place;
  readonly ino: number;
  readonly type: number;
  readonly name: string;
}

/** What a scan of one window found. */
export interface ScanResult {
  /** Where it stopped, in the window. */
  readonly at: number;
  readonly entries: readonly EntryRecord[];
  /** There is no need to go on. */
  readonly over: boolean;
}

/** What an index, or a part of it, says. */
export interface IndexResult {
  readonly at: number;
  readonly left: number;
  /** Of the listing: where a run begins, and its block. */
  readonly best: { readonly at: number; readonly block: number } | undefined;
  readonly over: boolean;
}

/** An attribute: where it is in the window, or elsewhere. */
export interface XattrRecord {
  readonly prefix: number;
  readonly nameAt: number;
  readonly nameSize: number;
  readonly valueAt: number;
  readonly valueSize: number;
  readonly elsewhere: Place | undefined;
}

/** An image's decoder state: what the module is to know of it. */
export type Context = Uint8Array;

/** Where a scan is between two windows. */
export type Scan = Uint8Array;

/** The decoders of one module. */
export class SquashfsDecoder {
  readonly #instance: Instance;
  readonly #door: SquashfsDoor;
  #context: Context | undefined;
  #loaded: Uint8Array | undefined;

  constructor(instance: Instance) {
    this.#instance = instance;
    this.#door = instance.squashfs;
  }

  /** Puts bytes where the decoders read; blocks of metadata never change. */
  #load(bytes: Uint8Array): void {
    if (this.#loaded === bytes) return;
    this.#loaded = undefined;
    this.#door.window.set(bytes);
    this.#loaded = bytes;
  }

  #enter(context: Context, window: Window): void {
    if (this.#context !== context) {
      this.#door.context.set(context);
      this.#context = context;
    }
    this.#load(window.bytes);
  }

  #checked(code: number, from: number): number {
    if (code >= 0) return code;
    const refusal = REFUSALS[code];
    if (!refusal) throw new Error(`core.wasm refused a call: ${code}`);
    throw new CoreError(...refusal, from);
  }

  /** The first 96 bytes of an image in `sourceSize` bytes. */
  superblock(
    bytes: Uint8Array,
    sourceSize: number,
  ): { record: SuperblockRecord; context: Context } {
    this.#context = undefined;
    this.#load(bytes);
    const { calls, numbers, context } = this.#door;
    const code = calls.squashfsSuperblock(sourceSize);
    this.#checked(code, code < 0 ? calls.squashfsFailedAt() : 0);
    const number = numbers[4] as keyof typeof COMPRESSIONS;
    const compression = COMPRESSIONS[number];
    const record = {
      inodeCount: numbers[0]!,
      mtimeSeconds: numbers[1]!,
      blockSize: numbers[2]!,
      fragmentCount: numbers[3]!,
      compression,
      codec: CODECS[compression],
      idCount: numbers[6]!,
      root: { block: numbers[7]!, offset: numbers[8]! },
      bytesUsed: numbers[9]!,
      inodes: numbers[10]!,
      directories: numbers[11]!,
      fragments: numbers[12]!,
      exports: numbers[13]!,
      ids: numbers[14]!,
      xattrs: numbers[15]!,
      hasOptions: numbers[16] === 1,
      directoryEnd: numbers[17]!,
    };
    return { record, context: context.slice() };
  }

  /** Checks the options of a compressor. */
  options(window: Window, compression: Compression): void {
    this.#load(window.bytes);
    const number = Number(
      Object.entries(COMPRESSIONS).find(([, name]) => name === compression)![0],
    );
    const size = window.bytes.length;
    this.#checked(
      this.#door.calls.squashfsOptions(number, size),
      window.from,
    );
  }

  /** The block at the start of stored bytes, and how many of them it is. */
  metadata(
    stored: Window,
    codec: Codec,
  ): { bytes: Uint8Array; stored: number } {
    this.#load(stored.bytes);
    const size = stored.bytes.length;
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#instance.squashfsMetadata(codec, size);
    } catch (thrown) {
      throw located(thrown, stored.from);
    }
    if (bytes) return { bytes, stored: this.#door.numbers[0]! };
    throw new CoreError(...REFUSALS[-111]!, stored.from);
  }

  /**
   * The inode at `at` of a window; nothing if the window has only a part of
   * it. `left`: stored bytes of the table from the window's first block.
   */
  inode(
    context: Context,
    window: Window,
    where: { at: number; left: number },
  ): InodeRecord | undefined {
    this.#enter(context, window);
    const { calls, numbers: n } = this.#door;
    const code = calls.squashfsInode(
      where.at,
      window.bytes.length,
      where.left,
    );
    if (code === MORE) return undefined;
    this.#checked(code, window.from);
    return {
      type: n[0]!,
      mode: n[1]!,
      uidIndex: n[2]!,
      gidIndex: n[3]!,
      mtimeSeconds: n[4]!,
      ino: n[5]!,
      linkCount: n[6]!,
      size: n[7]!,
      sparse: n[8]!,
      start: n[9]!,
      offset: n[10]!,
      blocks: n[11]!,
      fragment: n[12]!,
      indexCount: n[13]!,
      xattr: n[14]!,
      bodyAt: n[15]!,
      major: n[16]!,
      minor: n[17]!,
      parent: n[18]!,
    };
  }

  /** Checks sizes of blocks from `start`; returns where the last one ends. */
  blocks(
    context: Context,
    window: Window,
    list: { at: number; count: number; start: number },
  ): number {
    this.#enter(context, window);
    const { calls, numbers } = this.#door;
    const code = calls.squashfsBlocks(list.at, list.count, list.start);
    this.#checked(code, window.from);
    return numbers[0]!;
  }

  /** A scan that has not begun. */
  newScan(): Scan {
    return new Uint8Array(this.#door.scan.length);
  }

  /**
   * Scans `left` bytes of a listing from `at`, as far as the window goes: for
   * `wanted`, or all. `scan` is moved on.
   */
  scan(
    context: Context,
    window: Window,
    list: { at: number; left: number; scan: Scan; wanted?: Uint8Array },
  ): ScanResult {
    this.#enter(context, window);
    const { calls, numbers, records, name, scan } = this.#door;
    scan.set(list.scan);
    const { wanted } = list;
    if (wanted) name.set(wanted);
    const code = calls.squashfsScan(
      list.at,
      window.bytes.length,
      list.left,
      wanted?.length ?? 0,
    );
    this.#checked(code, window.from);
    list.scan.set(scan);
    const count = numbers[1]!;
    const entries: EntryRecord[] = [];
    for (let i = 0; i < count; i++) {
      entries.push(entryAt(records, 64 + i * 20, window.bytes));
    }
    return { at: numbers[0]!, entries, over: numbers[2] === 1 };
  }

  /** Looks up `wanted` in a part of a directory's index. */
  index(
    context: Context,
    window: Window,
    list: {
      at: number;
      left: number;
      listing: number;
      scan: Scan;
      wanted: Uint8Array;
    },
  ): IndexResult {
    this.#enter(context, window);
    const { calls, numbers, name, scan } = this.#door;
    scan.set(list.scan);
    name.set(list.wanted);
    const code = calls.squashfsIndex(
      list.at,
      window.bytes.length,
      list.left,
      list.wanted.length,
      list.listing,
    );
    this.#checked(code, window.from);
    list.scan.set(scan);
    const best = numbers[2]! < 0
      ? undefined
      : { at: numbers[2]!, block: numbers[3]! };
    return {
      at: numbers[0]!,
      left: numbers[1]!,
      best,
      over: numbers[4] === 1,
    };
  }

  /**
   * Places of a table's blocks, before `end`. The first of all places narrows
   * what the directories may be: `context` is brought up to date.
   */
  places(
    context: Context,
    window: Window,
    options: { end: number; first: boolean },
  ): number[] {
    this.#enter(context, window);
    const { calls, numbers } = this.#door;
    const count = window.bytes.length >> 3;
    const code = calls.squashfsPlaces(count, options.end, options.first);
    this.#checked(code, window.from);
    context.set(this.#door.context);
    return [...numbers.subarray(0, count)];
  }

  /** A fragment at `at`. */
  fragment(context: Context, window: Window, at: number) {
    this.#enter(context, window);
    const { calls, numbers: n } = this.#door;
    this.#checked(calls.squashfsFragment(at), window.from);
    return { at: n[0]!, stored: n[1]!, plain: n[2] === 1 };
  }

  /** A reference to an inode at `at`. */
  reference(context: Context, window: Window, at: number): Place {
    this.#enter(context, window);
    const { calls, numbers: n } = this.#door;
    this.#checked(calls.squashfsReference(at), window.from);
    return { block: n[0]!, offset: n[1]! };
  }

  /** The head of the table of attributes; `context` is brought up to date. */
  xattrTable(context: Context, window: Window) {
    this.#enter(context, window);
    const { calls, numbers: n } = this.#door;
    this.#checked(calls.squashfsXattrTable(window.from), window.from);
    context.set(this.#door.context);
    return { start: n[0]!, count: n[1]! };
  }

  /** Where the attributes of an inode are, and how many. */
  xattrId(
    context: Context,
    window: Window,
    where: { at: number; end: number },
  ): { place: Place; count: number } {
    this.#enter(context, window);
    const { calls, numbers: n } = this.#door;
    this.#checked(calls.squashfsXattrId(where.at, where.end), window.from);
    return { place: { block: n[0]!, offset: n[1]! }, count: n[2]! };
  }

  /** An attribute; nothing if the window has only a part of it. */
  xattr(
    context: Context,
    window: Window,
    where: { at: number; end: number },
  ): XattrRecord | undefined {
    this.#enter(context, window);
    const { calls, numbers: n } = this.#door;
    const size = window.bytes.length;
    const code = calls.squashfsXattr(where.at, size, where.end);
    if (code === MORE) return undefined;
    this.#checked(code, window.from);
    return {
      prefix: n[0]!,
      nameAt: n[1]!,
      nameSize: n[2]!,
      valueAt: n[3]!,
      valueSize: n[4]!,
      elsewhere: n[5]! < 0 ? undefined : { block: n[5]!, offset: n[6]! },
    };
  }

  /** The size of a value elsewhere, of which the window has four bytes. */
  xattrSize(window: Window): number {
    this.#load(window.bytes);
    const code = this.#door.calls.squashfsXattrSize(0);
    return this.#checked(code, window.from);
  }
}

function entryAt(records: DataView, at: number, bytes: Uint8Array) {
  const nameAt = records.getUint32(at + 16, true);
  const nameSize = records.getUint16(at + 14, true);
  return {
    place: {
      block: records.getUint32(at, true),
      offset: records.getUint32(at + 4, true),
    },
    ino: records.getUint32(at + 8, true),
    type: records.getUint16(at + 12, true),
    name: decodeName(bytes.subarray(nameAt, nameAt + nameSize)),
  };
}

/**
 * What a decompressor refused, as a fault of the block at `offset`: its size
 * is part of the format, so that too much or too little is a contradiction.
 */
export function located(thrown: unknown, offset: number): unknown {
  if (!(thrown instanceof CoreError)) return thrown;
  const kind = thrown.kind === "unsupported" ? thrown.kind : "corrupt";
  return new CoreError(kind, thrown.what, offset);
}
