/**
 * Extended attributes of a SquashFS image: pairs in metadata, a table of where
 * the pairs of an inode begin. A value that was there before is referred to.
 */
import { appendBlocks, type ImageBytes, MetadataWriter } from "./metadata.ts";
import type { MetadataOptions } from "./metadata.ts";
import { raw, serialize, u16, u32, u64 } from "./record.ts";

const PREFIXES = ["user.", "trusted.", "security."];
/** In the type of a pair: its value is a reference. */
const ELSEWHERE = 0x100;
/** A value that is shorter is not worth a reference. */
const SHARED_MIN = 8;

/** Collects the attributes of all inodes. */
export class XattrWriter {
  readonly #options: MetadataOptions;
  readonly #pairs: MetadataWriter;
  readonly #ids: Uint8Array[] = [];
  readonly #places = new Map<string, bigint>();

  constructor(options: MetadataOptions) {
    this.#options = options;
    this.#pairs = new MetadataWriter({ ...options, name: "xattrs" });
  }

  /** Writes the pairs of an inode, gives their number. */
  add(xattrs: Readonly<Record<string, string>>): number {
    const { hook } = this.#options;
    const index = this.#ids.length;
    const reference = this.#reference();
    let size = 0;
    for (const [i, [name, value]] of Object.entries(xattrs).entries()) {
      size += this.#pair(`${index} ${i}`, name, value);
    }
    this.#ids.push(serialize({
      name: `xattr id ${index}`,
      fields: [
        u64("reference", reference),
        u32("count", Object.keys(xattrs).length),
        u32("size", size),
      ],
    }, hook));
    return index;
  }

  #reference(): bigint {
    const { block, offset } = this.#pairs.position;
    return BigInt(block) << 16n | BigInt(offset);
  }

  #pair(which: string, name: string, value: string): number {
    const { hook } = this.#options;
    const type = PREFIXES.findIndex((prefix) => name.startsWith(prefix));
    const rest = new TextEncoder().encode(name.slice(PREFIXES[type]!.length));
    const bytes = new TextEncoder().encode(value);
    const place = this.#places.get(value);
    this.#pairs.write(serialize({
      name: `xattr key ${which}`,
      fields: [
        u16("type", type | (place === undefined ? 0 : ELSEWHERE)),
        u16("size", rest.length),
        raw("name", rest),
      ],
    }, hook));
    if (place === undefined && bytes.length >= SHARED_MIN) {
      this.#places.set(value, this.#reference());
    }
    this.#pairs.write(serialize({
      name: `xattr value ${which}`,
      fields: place === undefined
        ? [u32("size", bytes.length), raw("value", bytes)]
        : [u32("size", 8), u64("reference", place)],
    }, hook));
    // As squashfs-tools counts: the full name with its end, and the value.
    return name.length + 1 + bytes.length;
  }

  /** Appends all there is; gives what the superblock says. */
  finish(image: ImageBytes): number | undefined {
    if (this.#ids.length === 0) return undefined;
    const start = image.size;
    image.append(this.#pairs.finish());
    const locations = appendBlocks(image, this.#ids, this.#options);
    const at = image.size;
    image.append(serialize({
      name: "xattr table",
      fields: [
        u64("start", start),
        u32("count", this.#ids.length),
        u32("unused", 0),
      ],
    }, this.#options.hook));
    image.append(locations);
    return at;
  }
}
