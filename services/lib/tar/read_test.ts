/** Archives of others: what is read, and what is refused. */
import { assertEquals, assertThrows } from "@std/assert";
import { concatBytes } from "../bytes.ts";
import {
  TAR_END,
  TarError,
  tarFile,
  tarHeader,
  type TarMember,
} from "./header.ts";
import { readTar } from "./read.ts";

const encoder = new TextEncoder();

const member = (path: string, text: string) =>
  tarFile({ path, mode: 0o600 }, encoder.encode(text));

/** `header` with the bytes at `at` replaced and its sum made right again. */
function forged(
  header: Uint8Array,
  at: number,
  bytes: readonly number[],
): Uint8Array {
  const block = header.slice();
  block.set(bytes, at);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.set(encoder.encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return block;
}

const bytesOf = (text: string) => [...encoder.encode(text)];
const dir: TarMember = { path: "/d", kind: "dir", mode: 0o755 };
const link: TarMember = { path: "/a", kind: "symlink", target: "/etc/passwd" };
const file = member("/a", "");

function read(...parts: Uint8Array[]): [string, string][] {
  return readTar(concatBytes([...parts, TAR_END])).map(({ path, bytes }) => [
    path,
    new TextDecoder().decode(bytes),
  ]);
}

Deno.test("readTar gives the files", () => {
  const whole = "x".repeat(512);
  assertEquals(
    read(member("/a", "one"), tarHeader(dir), member("/d/b", whole), file),
    [["a", "one"], ["d/b", whole], ["a", ""]],
  );
  const deep = forged(file, 345, bytesOf("some/where"));
  assertEquals(read(deep), [["some/where/a", ""]]);
  const old = forged(forged(file, 257, bytesOf("ustar  ")), 345, bytesOf("1"));
  assertEquals(read(old), [["a", ""]]);
  const note = member("/PaxHeader", "30 mtime=1\n");
  const noted = concatBytes([
    forged(note.subarray(0, 512), 156, bytesOf("x")),
    ...[note.subarray(512), file],
  ]);
  assertEquals(read(noted), [["a", ""]]);
});

Deno.test("readTar refuses", async (t) => {
  const wrongSum = file.slice();
  wrongSum[0] = 0x62;
  const cases: Record<string, [Uint8Array, string]> = {
    "nothing": [new Uint8Array(), "at byte 0: it is cut short"],
    "an archive without its end": [file, "at byte 512: it is cut short"],
    "a file that is not all there": [
      member("/a", "x".repeat(600)).subarray(0, 1024),
      "at byte 0: it is cut short",
    ],
    "a changed header": [wrongSum, "at byte 0: the checksum is wrong"],
    "a size of another base": [
      forged(file, 124, [0x80, 0, 0, 1]),
      "at byte 0: the size is no octal number",
    ],
    "a size below zero": [
      forged(file, 124, bytesOf("-0000000001")),
      "at byte 0: the size is no octal number",
    ],
    "a link": [tarHeader(link), "at byte 0: neither a file nor a directory"],
    "a name that is no text": [
      forged(file, 0, [0xff]),
      "at byte 0: a name that is not UTF-8 text",
    ],
    "more members than anybody needs": [
      concatBytes(Array.from({ length: 1025 }, () => file)),
      "at byte 524288: more than 1024 members",
    ],
  };
  for (const [name, [archive, text]] of Object.entries(cases)) {
    await t.step(name, () => {
      assertThrows(() => readTar(archive), TarError, text);
    });
  }
});
