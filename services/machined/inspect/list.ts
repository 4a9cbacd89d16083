/** MachineService.List: the entries below a path, in the order of their names. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type FileInfo, FileInfoSchema } from "#proto/machine_pb.ts";
import { messageOf } from "#lib/errors.ts";
import { join } from "@std/path";
import { goFileMode } from "./mode.ts";

/** What to list; the fields of machine.ListRequest. */
export interface ListOptions {
  /** Empty means `/`; a missing leading slash is added. */
  readonly root: string;
  readonly recurse: boolean;
  /** Levels below the root; 0 means all of them. */
  readonly recursionDepth: number;
}

/** The root first, named `.`, then its entries, directories before their own. */
export function* list(options: ListOptions): Generator<FileInfo> {
  const root = resolveRoot(options.root);
  const depthMax = !options.recurse
    ? 1
    : options.recursionDepth <= 0
    ? Infinity
    : options.recursionDepth;
  // An explicit stack: a deep tree must not end in a stack overflow.
  const stack = [{ path: root, relative: ".", depth: 0 }];
  while (stack.length > 0) {
    const { path, relative, depth } = stack.pop()!;
    const info = describe(path, relative);
    yield info;
    if (!info.isDir || depth >= depthMax) continue;
    try {
      const names = [...Deno.readDirSync(path)].map((entry) => entry.name);
      for (const name of names.sort().reverse()) {
        stack.push({
          path: join(path, name),
          relative: relative === "." ? name : `${relative}/${name}`,
          depth: depth + 1,
        });
      }
    } catch (thrown) {
      yield failed(path, relative, thrown);
    }
  }
}

/** An absolute path; a root that is a link stands for what it points at. */
function resolveRoot(root: string): string {
  const path = join("/", root);
  return Deno.lstatSync(path).isSymlink ? Deno.realPathSync(path) : path;
}

function describe(path: string, relative: string): FileInfo {
  try {
    const stat = Deno.lstatSync(path);
    const init: MessageInitShape<typeof FileInfoSchema> = {
      name: path,
      relativeName: relative,
      size: BigInt(stat.size),
      mode: goFileMode(stat.mode ?? 0),
      modified: BigInt(Math.floor((stat.mtime?.getTime() ?? 0) / 1000)),
      isDir: stat.isDirectory,
    };
    if (stat.isSymlink) init.link = Deno.readLinkSync(path);
    return create(FileInfoSchema, init);
  } catch (thrown) {
    return failed(path, relative, thrown);
  }
}

function failed(path: string, relative: string, thrown: unknown): FileInfo {
  return create(FileInfoSchema, {
    name: path,
    relativeName: relative,
    error: messageOf(thrown),
  });
}
