/** What every reader of SquashFS must do with an image that is known. */
import { createHash } from "node:crypto";
import {
  CoreError,
  type SquashfsEntry,
  SquashfsPathError,
  type SquashfsReader,
  type SquashfsStat,
} from "#core-wasm/mod.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { described, type Told, type ToldXattrs } from "./told.ts";
import { byteString, type Dice, dice, pick } from "./tree.ts";

/** What is known about an image; paths have a byte in each character. */
export interface Expected {
  readonly told: ReadonlyMap<string, Told>;
  /** Of the paths that have some. */
  readonly xattrs: ToldXattrs;
  /** What rdsquashfs describes. */
  readonly described: readonly string[];
}

/** Paths that are looked up one by one. */
const SAMPLES = 40;
/** Files of which parts are read, and how many. */
const FILES = 8;
const PARTS = 5;

/** The bytes of a name, whose wrong ones are U+DC80 to U+DCFF. */
function bytesOf(name: string): string {
  return [...name].map((character) => {
    const code = character.charCodeAt(0);
    return code >= 0xdc80 && code <= 0xdcff && character.length === 1
      ? String.fromCharCode(code - 0xdc00)
      : byteString(character);
  }).join("");
}

async function hashOf(reader: SquashfsReader, path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of reader.stream(path)) hash.update(bytes);
  return hash.digest("hex");
}

interface Seen {
  readonly path: string;
  readonly stat: SquashfsStat;
}

/** Everything by its bytes, and how the reader calls it. */
async function walked(reader: SquashfsReader): Promise<Map<string, Seen>> {
  const seen = new Map<string, Seen>();
  for await (const { path, stat } of reader.walk()) {
    const bytes = bytesOf(path);
    assert(!seen.has(bytes), `${path} twice`);
    const above = seen.get(bytes.slice(0, Math.max(0, bytes.lastIndexOf("/"))));
    if (path !== "") assertEquals(above?.stat.type, "directory", path);
    seen.set(bytes, { path, stat });
  }
  return seen;
}

/** For each path the first in order that has the same number. */
function groups(numbers: ReadonlyMap<string, number>): string[] {
  const first = new Map<number, string>();
  return [...numbers.keys()].sort().map((path) => {
    const ino = numbers.get(path)!;
    if (!first.has(ino)) first.set(ino, path);
    return `${path} is ${first.get(ino)}`;
  });
}

async function toldBy(
  reader: SquashfsReader,
  { path, stat }: Seen,
): Promise<Omit<Told, "ino" | "linkCount">> {
  const { type, mode, uid, gid, mtimeSeconds, sizeBytes } = stat;
  const { device, target } = stat;
  return {
    ...{ type, mode, uid, gid, mtimeSeconds, sizeBytes },
    target: target === undefined ? "" : bytesOf(target),
    device: device ? `${device.major}:${device.minor}` : "",
    hash: type === "file" ? await hashOf(reader, path) : "",
  };
}

async function checkTree(
  reader: SquashfsReader,
  seen: ReadonlyMap<string, Seen>,
  expected: Expected,
): Promise<void> {
  const { told } = expected;
  assertEquals([...seen.keys()].sort(), [...told.keys()].sort());
  for (const [path, want] of told) {
    const { ino: _, linkCount, ...rest } = want;
    const have = seen.get(path)!;
    assertEquals(await toldBy(reader, have), rest, path);
    if (want.type !== "directory") {
      assertEquals(have.stat.linkCount, linkCount, path);
    }
  }
  const numbers = (of: ReadonlyMap<string, { ino: number }>) =>
    groups(new Map([...of].map(([path, { ino }]) => [path, ino])));
  const stats = new Map([...seen].map(([path, { stat }]) => [path, stat]));
  assertEquals(numbers(stats), numbers(told));
  // It says nothing about the root.
  const lines = [...told].filter(([path]) => path !== "")
    .map(([path, one]) => described(path, one)).sort();
  assertEquals(lines, [...expected.described]);
}

/** The names of a directory, which must be those that a walk finds in it. */
async function checkDirectory(
  reader: SquashfsReader,
  { path, stat }: Seen,
  inside: readonly Seen[],
): Promise<void> {
  const entries: SquashfsEntry[] = await Array.fromAsync(reader.readdir(path));
  const want = inside.map((one) => ({
    name: one.path.slice(path === "" ? 0 : path.length + 1),
    ...{ type: one.stat.type, ino: one.stat.ino },
  }));
  assertEquals(entries, want, path);
  const names = entries.map(({ name }) => bytesOf(name));
  assertEquals(names, names.toSorted(), path);
  assertEquals(stat.sizeBytes, 0);
}

async function checkDirectories(
  reader: SquashfsReader,
  seen: ReadonlyMap<string, Seen>,
): Promise<void> {
  const inside = new Map<string, Seen[]>();
  for (const [bytes, one] of seen) {
    if (one.stat.type === "directory") inside.set(bytes, []);
    if (bytes === "") continue;
    inside.get(bytes.slice(0, Math.max(0, bytes.lastIndexOf("/"))))!.push(one);
  }
  for (const [bytes, list] of inside) {
    await checkDirectory(reader, seen.get(bytes)!, list);
  }
}

/** One by one, by path and by number. */
async function checkLookups(
  reader: SquashfsReader,
  seen: readonly Seen[],
  roll: Dice,
): Promise<void> {
  for (let i = 0; i < SAMPLES; i++) {
    const { path, stat } = pick(roll, seen);
    assertEquals(await reader.lookup(path), stat, path);
    assertEquals(await reader.stat(`/${path}`), stat, path);
    assertEquals(await reader.lookup(`${path}/no such name`), undefined);
    const before = path.slice(0, -1) + "\x01";
    if (!seen.some((one) => one.path === before)) {
      assertEquals(await reader.lookup(before), undefined);
    }
    if (reader.info.exportable) {
      assertEquals(await reader.inode(stat.ino), stat, path);
    }
    const wrong = (kind: string) => (thrown: SquashfsPathError) =>
      assertEquals(thrown.kind, kind, path);
    const range = { offset: 0, length: 1 };
    if (stat.type !== "directory") {
      await assertRejects(
        () => reader.readdir(path).next(),
        SquashfsPathError,
      ).then(wrong("notDirectory"));
    }
    if (stat.type !== "file") {
      await assertRejects(() => reader.read(path, range), SquashfsPathError)
        .then(wrong("notFile"));
    }
  }
  if (reader.info.exportable) return;
  const error = await assertRejects(() => reader.inode(1), CoreError);
  assertEquals(error.kind, "unsupported");
}

/** Parts of files, of which all bytes together are known to be right. */
async function checkReads(
  reader: SquashfsReader,
  seen: readonly Seen[],
  roll: Dice,
): Promise<void> {
  const files = seen.filter(({ stat }) => stat.sizeBytes > 0)
    .filter(({ stat }) => stat.type === "file");
  const b = reader.info.blockSize;
  for (let i = 0; i < FILES && files.length > 0; i++) {
    const { path, stat: { sizeBytes } } = pick(roll, files);
    const pieces = await Array.fromAsync(reader.stream(path));
    const whole = new Uint8Array(await new Blob(pieces as BlobPart[]).bytes());
    assertEquals(whole.length, sizeBytes, path);
    for (let part = 0; part < PARTS; part++) {
      const near = pick(roll, [0, b, 2 * b, sizeBytes, roll(sizeBytes + 9)]);
      const offset = Math.max(0, near + roll(5) - 2);
      const length = pick(roll, [0, 1, 3, b, b + 1, roll(2 * b)]);
      const have = await reader.read(path, { offset, length });
      const want = whole.subarray(offset, offset + length);
      const same = have.length === want.length &&
        have.every((byte, at) => byte === want[at]);
      assert(same, `${path}: ${length} bytes from ${offset}`);
    }
  }
}

async function checkXattrs(
  reader: SquashfsReader,
  seen: ReadonlyMap<string, Seen>,
  xattrs: ToldXattrs,
): Promise<void> {
  for (const [bytes, { path }] of seen) {
    const have = [...await reader.xattrs(path)].map(([name, value]) =>
      `${bytesOf(name)}=${value.toHex()}`
    );
    const want = [...xattrs.get(bytes) ?? []].map(([name, value]) =>
      `${name}=${value}`
    );
    assertEquals(have.sort(), want.sort(), path);
  }
}

/** Throws unless `reader` says what is `expected`. */
export async function checkReader(
  reader: SquashfsReader,
  expected: Expected,
): Promise<void> {
  const seen = await walked(reader);
  const roll = dice(seen.size);
  await checkTree(reader, seen, expected);
  await checkDirectories(reader, seen);
  await checkLookups(reader, [...seen.values()], roll);
  await checkReads(reader, [...seen.values()], roll);
  await checkXattrs(reader, seen, expected.xattrs);
}
