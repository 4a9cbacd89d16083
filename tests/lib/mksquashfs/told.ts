/** What the tools say about an image: unsquashfs first, rdsquashfs second. */
import { run } from "#lib/command.ts";
import type { InodeType } from "#core-wasm/mod.ts";

/** What is at a path; strings have a byte in each character. */
export interface Told {
  readonly type: InodeType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  /** Of a file, and of the target of a link. */
  readonly sizeBytes: number;
  readonly target: string;
  /** "major:minor" of a device. */
  readonly device: string;
  /** SHA-256 of a file. */
  readonly hash: string;
  /** What has the same number is the same file. */
  readonly ino: number;
  readonly linkCount: number;
}

/** Extended attributes by path and name, in hexadecimal. */
export type ToldXattrs = ReadonlyMap<string, ReadonlyMap<string, string>>;

const TYPES: Readonly<Record<string, InodeType>> = {
  d: "directory",
  f: "file",
  l: "symlink",
  b: "blockDevice",
  c: "charDevice",
  p: "fifo",
  s: "socket",
};

/** The output of a program, a byte in each character. */
async function bytesSaid(command: string, cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", command],
    cwd,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return Array.from(stdout, (byte) => String.fromCharCode(byte)).join("");
}

/** Records of `size` fields, each of which ends with NUL. */
function records(text: string, size: number): string[][] {
  const fields = text.split("\0").slice(0, -1);
  return Array.from(
    { length: fields.length / size },
    (_, i) => fields.slice(i * size, (i + 1) * size),
  );
}

/** What is in a directory on disk, by path from there. */
async function readDisk(dir: string): Promise<Map<string, Told>> {
  const said = (command: string) => bytesSaid(command, dir);
  const hashes = new Map(
    (await said("find . -type f -print0 | xargs -0r sha256sum -z"))
      .split("\0").slice(0, -1).map((
        line,
      ) => [line.slice(68), line.slice(0, 64)]),
  );
  const devices = new Map(
    records(
      await said(
        "find . '(' -type b -o -type c ')' -exec stat --printf='%n\\0%t\\0%T\\0' '{}' +",
      ),
      3,
    ).map(([path, major, minor]) => [
      path!.slice(2),
      `${parseInt(major!, 16)}:${parseInt(minor!, 16)}`,
    ]),
  );
  const format = ["P", "y", "m", "U", "G", "T@", "n", "s", "l", "i"]
    .map((letter) => `%${letter}\\0`).join("");
  const told = new Map<string, Told>();
  for (
    const [path, y, mode, uid, gid, time, links, size, target, ino] of records(
      await said(`find . -printf '${format}'`),
      10,
    )
  ) {
    const type = TYPES[y!]!;
    told.set(path!, {
      type,
      mode: parseInt(mode!, 8),
      ...{ uid: Number(uid), gid: Number(gid) },
      mtimeSeconds: Math.floor(Number(time)),
      sizeBytes: type === "file" || type === "symlink" ? Number(size) : 0,
      target: target!,
      device: devices.get(path!) ?? "",
      hash: hashes.get(path!) ?? "",
      ...{ ino: Number(ino), linkCount: Number(links) },
    });
  }
  return told;
}

/** What `unsquashfs` puts on disk of an image; it is removed again. */
export async function unsquashfs(
  image: string,
  dir: string,
): Promise<Map<string, Told>> {
  const to = `${dir}/unpacked`;
  await run(["unsquashfs", "-q", "-n", "-no-xattrs", "-d", to, image]);
  const told = await readDisk(to);
  await Deno.remove(to, { recursive: true });
  return told;
}

/** A name in quotation marks, or a word. */
function fieldsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, quoted, word]) => quoted?.replace(/\\(.)/g, "$1") ?? word!,
  );
}

const WORDS: Readonly<Record<string, InodeType>> = {
  dir: "directory",
  file: "file",
  slink: "symlink",
  pipe: "fifo",
  sock: "socket",
};

/** The same as `described` of what somebody else read. */
export async function rdsquashfs(image: string): Promise<string[]> {
  const said = await bytesSaid(`rdsquashfs -d ${image}`, "/");
  return said.split("\n").filter((line) => line !== "").map((line) => {
    const [word, path, mode, uid, gid, ...rest] = fieldsOf(line) as [
      ...[string, string, string, string, string],
      ...string[],
    ];
    const [more, major, minor] = rest;
    const type = word === "nod"
      ? more === "b" ? "blockDevice" : "charDevice"
      : WORDS[word]!;
    return described(path.replace(/^\//, ""), {
      ...{ type, mode: parseInt(mode, 8), uid: Number(uid), gid: Number(gid) },
      target: type === "symlink" ? more! : "",
      device: word === "nod" ? `${major}:${minor}` : "",
    });
  }).sort();
}

/** What both tools say about a path, as a line. */
export function described(
  path: string,
  told: Pick<Told, "type" | "mode" | "uid" | "gid" | "target" | "device">,
): string {
  const { type, mode, uid, gid, target, device } = told;
  const what = `${type} ${mode.toString(8)} ${uid}:${gid} ${device}`;
  return `${path} ${what} -> ${target}`;
}
