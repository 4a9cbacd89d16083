/** What the inspect child says of files, processes, mounts and the log. */
import { assertEquals, assertThrows } from "@std/assert";
import { formatRecord } from "./dmesg.ts";
import { list } from "./list.ts";
import { goFileMode } from "./mode.ts";
import { parseMounts } from "./mounts.ts";
import { parseStat } from "./processes.ts";
import { read } from "./read.ts";

Deno.test("goFileMode() maps types and special bits as Go does", () => {
  const table: [number, number][] = [
    [0o100644, 0o644],
    [0o040755, 0x80000000 + 0o755],
    [0o120777, 0x08000000 + 0o777],
    [0o020620, 0x04200000 + 0o620],
    [0o060660, 0x04000000 + 0o660],
    [0o010600, 0x02000000 + 0o600],
    [0o140755, 0x01000000 + 0o755],
    [0o104755, 0x00800000 + 0o755],
    [0o041777, 0x80100000 + 0o777],
  ];
  for (const [stMode, want] of table) assertEquals(goFileMode(stMode), want);
});

function tree(): string {
  const dir = Deno.makeTempDirSync();
  Deno.mkdirSync(`${dir}/b/c`, { recursive: true });
  Deno.writeTextFileSync(`${dir}/a`, "12345");
  Deno.writeTextFileSync(`${dir}/b/c/d`, "");
  Deno.symlinkSync("a", `${dir}/link`);
  return dir;
}

Deno.test("list() walks as deep as it is asked to", async (t) => {
  const root = tree();
  const names = (recurse: boolean, recursionDepth: number) =>
    [...list({ root, recurse, recursionDepth })].map((f) => f.relativeName);
  await t.step(
    "not at all",
    () => assertEquals(names(false, 0), [".", "a", "b", "link"]),
  );
  await t.step(
    "one level",
    () => assertEquals(names(true, 1), [".", "a", "b", "link"]),
  );
  await t.step(
    "two levels",
    () => assertEquals(names(true, 2), [".", "a", "b", "b/c", "link"]),
  );
  await t.step(
    "without bound",
    () => assertEquals(names(true, 0), [".", "a", "b", "b/c", "b/c/d", "link"]),
  );
  await Deno.remove(root, { recursive: true });
});

Deno.test("list() gives size, link and full name", () => {
  const root = tree();
  const [, file, , link] = [
    ...list({ root, recurse: false, recursionDepth: 0 }),
  ];
  assertEquals([file!.name, file!.size], [`${root}/a`, 5n]);
  assertEquals([link!.link, link!.isDir], ["a", false]);
  Deno.removeSync(root, { recursive: true });
});

Deno.test("read() takes absolute paths of regular files only", () => {
  assertThrows(() => [...read("etc/passwd")], Error, "not absolute");
  assertThrows(() => [...read("/etc")], Error, "must be a regular file");
  const path = Deno.makeTempFileSync();
  Deno.writeFileSync(path, new Uint8Array(40_000));
  assertEquals([...read(path)].map((d) => d.bytes.length), [32_768, 7_232]);
  Deno.removeSync(path);
});

Deno.test("parseMounts() undoes the octal escapes", () => {
  assertEquals(parseMounts("tmpfs /a\\040b tmpfs rw 0 0\n"), [
    { source: "tmpfs", target: "/a b" },
  ]);
});

Deno.test("parseStat() stands a command with parentheses and spaces", () => {
  const rest =
    "S 1 2 2 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 7 0 1 4096000 25 1";
  assertEquals(parseStat(`42 (a) b ) c) ${rest}`), {
    pid: 42,
    command: "a) b ) c",
    state: "S",
    ppid: 1,
    cpuSeconds: 2,
    threads: 7,
    virtualBytes: 4_096_000n,
    residentBytes: 102_400n,
  });
  assertEquals(parseStat(""), undefined);
  assertEquals(parseStat("42 (a) S 1"), undefined);
});

Deno.test("formatRecord() writes facility, priority and time", async (t) => {
  const cases = [
    {
      record: "6,1,1500000,-;Linux version\n",
      want: "kern:    info: [1970-01-01T00:00:11.5Z]: Linux version",
    },
    {
      record: "30,9,0,-;x;y\n SUBSYSTEM=z\n",
      want: "daemon:    info: [1970-01-01T00:00:10Z]: x;y",
    },
    {
      record: "132,9,1,c;x\n",
      want: "local0: warning: [1970-01-01T00:00:10.000001Z]: x",
    },
  ];
  for (const { record, want } of cases) {
    await t.step(want, () => assertEquals(formatRecord(record, 10e6), want));
  }
});
