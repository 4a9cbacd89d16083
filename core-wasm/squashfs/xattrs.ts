/** Extended attributes: inline values, and values that many inodes share. */
import { CoreError } from "../errors.ts";
import type { XattrRecord } from "./decoder.ts";
import type { LookupTable } from "./lookup.ts";
import {
  type Image,
  type Metadata,
  placeAt,
  type Table,
  type TableWindow,
} from "./metadata.ts";
import { decodeName } from "./names.ts";
import { SQUASHFS_LIMITS } from "./types.ts";

/** By the numbers of the format. */
const PREFIXES = ["user.", "trusted.", "security."];

/** Names and values of one inode that are held at once. */
const TOTAL_BYTES = 1 << 20;

/** Reads extended attributes. */
export class Xattrs {
  readonly #image: Image;
  readonly #metadata: Metadata;
  readonly #ids: LookupTable;
  readonly #table: Table;

  constructor(
    image: Image,
    metadata: Metadata,
    options: { ids: LookupTable; table: Table },
  ) {
    this.#image = image;
    this.#metadata = metadata;
    this.#ids = options.ids;
    this.#table = options.table;
  }

  /** The attributes under an inode's index. */
  async of(index: number): Promise<ReadonlyMap<string, Uint8Array>> {
    const { decoder, context } = this.#image;
    const { end } = this.#table;
    const window = await this.#ids.record(index);
    const where = { at: window.at, end };
    const list = decoder.xattrId(context, window, where);
    const found = new Map<string, Uint8Array>();
    let { place } = list, names = 0, total = 0;
    for (let i = 0; i < list.count; i++) {
      const { record, window } = await this.#metadata.record(
        this.#table,
        place,
        (window) => decoder.xattr(context, window, { at: window.at, end }),
      );
      const name = nameOf(record, window);
      const inline = placeAt(this.#table, window, record.valueAt);
      const { bytes: value, after } = await this.#metadata.bytes(
        this.#table,
        inline,
        record.valueSize,
      );
      place = after;
      const shared = record.elsewhere ? await this.#shared(record) : value;
      names += name.length + 1;
      total += name.length + shared.length;
      const from = this.#table.start + list.place.block;
      if (found.has(name)) {
        throw new CoreError("corrupt", `"${name}" twice`, from);
      }
      if (names > SQUASHFS_LIMITS.xattrListBytes || total > TOTAL_BYTES) {
        throw new CoreError(
          "limit",
          "more attributes than an inode can have",
          from,
        );
      }
      found.set(name, shared);
    }
    return found;
  }

  async #shared(record: XattrRecord): Promise<Uint8Array> {
    const { decoder } = this.#image;
    const table = this.#table;
    const head = await this.#metadata.bytes(table, record.elsewhere!, 4);
    const from = table.start + record.elsewhere!.block;
    const size = decoder.xattrSize({ bytes: head.bytes, from });
    return (await this.#metadata.bytes(table, head.after, size)).bytes;
  }
}

function nameOf(record: XattrRecord, window: TableWindow): string {
  const { nameAt, nameSize, prefix } = record;
  const name = window.bytes.subarray(nameAt, nameAt + nameSize);
  return PREFIXES[prefix] + decodeName(name);
}
