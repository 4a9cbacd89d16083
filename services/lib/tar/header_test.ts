/** Headers of tar members: what GNU tar writes with --format=ustar. */
import { assertEquals, assertThrows } from "@std/assert";
import { TarError, tarHeader, type TarMember, tarPadding } from "./header.ts";

/** The fields of a header that are not empty, as text, by offset. */
function fields(member: TarMember): Record<number, string> {
  const text = String.fromCharCode(...tarHeader(member));
  assertEquals(text.length, 512);
  const found = [...text.matchAll(/[^\0]+/g)];
  return Object.fromEntries(found.map((match) => [match.index, match[0]]));
}

const ZEROS = {
  108: "0000000",
  116: "0000000",
  329: "0000000",
  337: "0000000",
};

Deno.test("tarHeader writes what POSIX says", async (t) => {
  await t.step("a file", () => {
    const member = { kind: "file", mode: 0o755, sizeBytes: 1234 } as const;
    assertEquals(fields({ path: "/bin/mount", ...member }), {
      ...ZEROS,
      0: "bin/mount",
      100: "0000755",
      124: "00000002322",
      136: "00000000000",
      148: "011044",
      155: " 0",
      257: "ustar",
      263: "00",
    });
  });
  await t.step("a directory", () => {
    assertEquals(fields({ path: "/tmp", kind: "dir", mode: 0o1777 }), {
      ...ZEROS,
      0: "tmp/",
      100: "0001777",
      124: "00000000000",
      136: "00000000000",
      148: "010012",
      155: " 5",
      257: "ustar",
      263: "00",
    });
  });
  await t.step("a symbolic link", () => {
    assertEquals(fields({ path: "/a", kind: "symlink", target: "/b" }), {
      ...ZEROS,
      0: "a",
      100: "0000777",
      124: "00000000000",
      136: "00000000000",
      148: "007570",
      155: " 2/b",
      257: "ustar",
      263: "00",
    });
  });
});

Deno.test("tarHeader refuses what does not fit", async (t) => {
  const file = { kind: "file", mode: 0o644, sizeBytes: 0 } as const;
  const cases: Record<string, [TarMember, string]> = {
    "a long name": [
      { ...file, path: `/${"x".repeat(101)}` },
      "a name of 101 bytes",
    ],
    "a name that is long in bytes only": [
      { ...file, path: `/${"é".repeat(51)}` },
      "a name of 102 bytes",
    ],
    "a long target": [
      { path: "/a", kind: "symlink", target: "y".repeat(101) },
      "a name of 101 bytes",
    ],
    "no name": [{ ...file, path: "/" }, "a name of 0 bytes"],
    "eight gigabytes": [
      { ...file, path: "/a", sizeBytes: 8 * 2 ** 30 },
      "8589934592 bytes",
    ],
  };
  for (const [name, [member, text]] of Object.entries(cases)) {
    await t.step(name, () => {
      assertThrows(() => tarHeader(member), TarError, text);
    });
  }
  fields({ ...file, path: `/${"x".repeat(100)}` });
  fields({ ...file, path: "/a", sizeBytes: 8 * 2 ** 30 - 1 });
});

Deno.test("tarPadding fills the last block", () => {
  assertEquals([0, 1, 511, 512, 513].map(tarPadding), [0, 511, 1, 0, 511]);
});
