/**
 * talos.ImageService: what is in the image, read from its file by the WASM
 * reader, on top of blocks that are verified as they are read.
 */
import { create } from "@bufbuild/protobuf";
import { posix } from "@std/path";
import {
  type InodeType,
  openSquashfs,
  SquashfsPathError,
  type SquashfsPathProblemKind,
  type SquashfsReader,
  type SquashfsStat,
} from "#core-wasm/mod.ts";
import { openImage } from "#lib/image/signed_image.ts";
import { type Data, DataSchema } from "#proto/common_pb.ts";
import { type FileInfo, FileInfoSchema } from "#proto/machine_pb.ts";
import { NODE_IMAGE } from "./image.ts";
import { goFileMode } from "./mode.ts";
import { CHUNK_BYTES } from "./read.ts";

/** What of the image; the field of talos.ImagePathRequest. */
export interface ImagePathOptions {
  /** From the root of the image, with or without a slash. */
  readonly path: string;
}

/** Type bits of st_mode. */
const TYPE_BITS: Readonly<Record<InodeType, number>> = {
  directory: 0o040000,
  symlink: 0o120000,
  blockDevice: 0o060000,
  charDevice: 0o020000,
  fifo: 0o010000,
  socket: 0o140000,
  file: 0o100000,
};

const PROBLEMS: Readonly<Record<SquashfsPathProblemKind, string>> = {
  notFound: "no such file or directory",
  notDirectory: "not a directory",
  notFile: "not a regular file",
  loop: "too many links",
};

/** What `use` yields of the image's file system. */
async function* within<T>(
  source: typeof NODE_IMAGE,
  use: (reader: SquashfsReader) => AsyncIterable<T>,
): AsyncGenerator<T> {
  await using opened = await openImage(source);
  try {
    yield* use(await openSquashfs(opened.core, opened.image));
  } catch (cause) {
    if (!(cause instanceof SquashfsPathError)) throw cause;
    const text = PROBLEMS[cause.kind];
    throw new Error(`Cannot read "${cause.path}" of the image: ${text}`);
  }
}

function infoOf(path: string, name: string, stat: SquashfsStat): FileInfo {
  return create(FileInfoSchema, {
    name: path,
    relativeName: name,
    size: BigInt(stat.sizeBytes),
    mode: goFileMode(TYPE_BITS[stat.type] | stat.mode),
    modified: BigInt(stat.mtimeSeconds),
    isDir: stat.type === "directory",
    ...stat.target !== undefined && { link: stat.target },
  });
}

/** The entries of a directory; of anything else itself. Follows no link. */
export function listImage(
  options: ImagePathOptions,
  source = NODE_IMAGE,
): AsyncGenerator<FileInfo> {
  const path = posix.join("/", options.path);
  return within(source, async function* (reader) {
    const stat = await reader.stat(path);
    if (stat.type !== "directory") {
      return yield infoOf(path, posix.basename(path), stat);
    }
    for await (const { name } of reader.readdir(path)) {
      const inside = posix.join(path, name);
      yield infoOf(inside, name, await reader.stat(inside));
    }
  });
}

/** The bytes of a file; links are followed, inside of the image. */
export function readImage(
  { path }: ImagePathOptions,
  source = NODE_IMAGE,
): AsyncGenerator<Data> {
  return within(source, async function* (reader) {
    for await (const piece of reader.stream(path, { follow: true })) {
      for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
        const bytes = piece.slice(at, at + CHUNK_BYTES);
        yield create(DataSchema, { bytes });
      }
    }
  });
}
