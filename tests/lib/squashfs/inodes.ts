/** Inodes and listings of a SquashFS image, in both forms of each. */
import type { FileData } from "./data.ts";
import type { MetadataWriter } from "./metadata.ts";
import { type Field, type Hook, raw, serialize } from "./record.ts";
import { u16, u32, u64 } from "./record.ts";
import {
  type DirectoryNode,
  type Numbered,
  type SmallNode,
  sortedNames,
  TYPE_NUMBERS,
} from "./tree.ts";

const HEADER_ENTRIES_MAX = 256;
/** A listing is counted as three bytes longer, for `.` and `..`. */
const LISTING_EXTRA = 3;

/** Where an inode is. */
export interface Place {
  readonly block: number;
  readonly offset: number;
}

/** An inode that is written, as a directory refers to it. */
export interface Written extends Place {
  readonly numbered: Numbered;
}

/** A listing that is written. */
export interface Listing {
  readonly place: Place;
  readonly size: number;
  readonly index: readonly {
    readonly at: number;
    readonly block: number;
    readonly name: string;
  }[];
}

const encoder = new TextEncoder();

/** Entries that one header can stand for. */
function grouped(entries: readonly [string, Written][], max: number) {
  const groups: [string, Written][][] = [];
  for (const entry of entries) {
    const group = groups.at(-1);
    const first = group?.[0]?.[1];
    const [, { block, numbered }] = entry;
    const fits = group && first && group.length < max &&
      first.block === block &&
      Math.abs(numbered.ino - first.numbered.ino) < 0x8000;
    if (fits) group.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** Writes the listing of a directory whose children are written. */
export function writeListing(
  { node, path }: Numbered & { readonly node: DirectoryNode },
  into: MetadataWriter,
  options: { written: ReadonlyMap<unknown, Written>; hook?: Hook | undefined },
): Listing {
  const { written, hook } = options;
  const place = into.position;
  const index: { at: number; block: number; name: string }[] = [];
  let size = 0;
  const put = (name: string, fields: Field[]) => {
    const bytes = serialize({ name, fields }, hook);
    into.write(bytes);
    size += bytes.length;
  };
  const entries = sortedNames(node).map((name): [string, Written] => [
    name,
    written.get(node.entries[name])!,
  ]);
  const groups = grouped(entries, node.headerEntries ?? HEADER_ENTRIES_MAX);
  for (const [i, group] of groups.entries()) {
    const [firstName, first] = group[0]!;
    if (i > 0) {
      index.push({ at: size, block: into.position.block, name: firstName });
    }
    put(`header ${path} ${i}`, [
      u32("count", group.length - 1),
      u32("block", first.block),
      u32("inode", first.numbered.ino),
    ]);
    for (const [name, { offset, numbered }] of group) {
      const bytes = encoder.encode(name);
      put(`entry ${path === "/" ? "" : path}/${name}`, [
        u16("offset", offset),
        u16("delta", numbered.ino - first.numbered.ino),
        u16("type", TYPE_NUMBERS[numbered.node.type]),
        u16("size", bytes.length - 1),
        raw("name", bytes),
      ]);
    }
  }
  return { place, size, index };
}

/** What every inode needs that is not in its node. */
export interface InodeContext {
  readonly numbered: Numbered;
  readonly id: (value: number) => number;
  readonly xattr: number | undefined;
  readonly hook?: Hook | undefined;
}

function inode(
  context: InodeContext,
  extended: boolean,
  fields: readonly Field[],
): Uint8Array {
  const { numbered: { node, ino, path }, id, hook } = context;
  return serialize({
    name: `inode ${path}`,
    fields: [
      u16("type", TYPE_NUMBERS[node.type] + (extended ? 7 : 0)),
      u16("mode", node.mode ?? 0o755),
      u16("uid", id(node.uid ?? 0)),
      u16("gid", id(node.gid ?? 0)),
      u32("mtime", node.mtimeSeconds ?? 0),
      u32("ino", ino),
      ...fields,
    ],
  }, hook);
}

const NO_XATTRS = 0xffff_ffff;

/** A directory whose listing is written. */
export function directoryInode(
  context: InodeContext,
  listing: Listing,
  parent: number,
): Uint8Array {
  const { numbered: { node, links, path }, xattr, hook } = context;
  const { place, index } = listing;
  const indexed = node.type === "directory" && node.headerEntries !== undefined;
  const size = listing.size + LISTING_EXTRA;
  const extended = node.extended || indexed || xattr !== undefined ||
    size > 0xffff;
  if (!extended) {
    return inode(context, false, [
      u32("block", place.block),
      u32("links", links),
      u16("size", size),
      u16("offset", place.offset),
      u32("parent", parent),
    ]);
  }
  const entries = index.map(({ at, block, name }, i) =>
    raw(
      `index${i}`,
      serialize({
        name: `index ${path} ${i}`,
        fields: [
          u32("at", at),
          u32("block", block),
          u32("size", name.length - 1),
          raw("name", encoder.encode(name)),
        ],
      }, hook),
    )
  );
  return inode(context, true, [
    u32("links", links),
    u32("size", size),
    u32("block", place.block),
    u32("parent", parent),
    u16("indexCount", index.length),
    u16("offset", place.offset),
    u32("xattr", xattr ?? NO_XATTRS),
    ...entries,
  ]);
}

/** A file whose blocks are written. */
export function fileInode(
  context: InodeContext,
  data: FileData,
  size: number,
): Uint8Array {
  const { numbered: { node, links }, xattr } = context;
  const extended = node.extended || xattr !== undefined || links > 1 ||
    data.sparseBytes > 0;
  const blocks = data.blockSizes.map((size, i) => u32(`block${i}`, size));
  const tail = [u32("fragment", data.fragment), u32("tailOffset", data.offset)];
  if (!extended) {
    return inode(context, false, [
      u32("start", data.start),
      ...tail,
      u32("size", size),
      ...blocks,
    ]);
  }
  return inode(context, true, [
    u64("start", data.start),
    u64("size", size),
    u64("sparse", data.sparseBytes),
    u32("links", links),
    ...tail,
    u32("xattr", xattr ?? NO_XATTRS),
    ...blocks,
  ]);
}

/** As makedev of Linux packs them. */
function deviceNumber(device: { major: number; minor: number }): number {
  const { major, minor } = device;
  return (major & 0xfff) << 8 | minor & 0xff | (minor & ~0xff) << 12;
}

function smallFields(node: SmallNode): Field[] {
  if (node.type === "symlink") {
    const target = encoder.encode(node.target);
    return [u32("size", target.length), raw("target", target)];
  }
  return "device" in node ? [u32("device", deviceNumber(node.device))] : [];
}

/** A link, a device, a pipe or a socket. */
export function smallInode(context: InodeContext, node: SmallNode): Uint8Array {
  const { numbered: { links }, xattr } = context;
  const extended = node.extended || xattr !== undefined;
  return inode(context, extended, [
    u32("links", links),
    ...smallFields(node),
    ...(extended ? [u32("xattr", xattr ?? NO_XATTRS)] : []),
  ]);
}
