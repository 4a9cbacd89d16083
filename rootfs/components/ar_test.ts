/** The reader of .deb containers. */
import { assertEquals, assertThrows } from "@std/assert";
import { ArError, readAr } from "./ar.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function member(name: string, size: string): string {
  const numbers = "0           0     0     100644  ";
  return `${name.padEnd(16)}${numbers}${size.padEnd(10)}\`\n`;
}

Deno.test("readAr gives the members, odd sizes padded", () => {
  const archive = bytes(
    `!<arch>\n${member("debian-binary", "3")}2.0\n${member("b/", "2")}xy`,
  );
  const texts = [...readAr(archive)].map(([name, data]) => [
    name,
    new TextDecoder().decode(data),
  ]);
  assertEquals(texts, [["debian-binary", "2.0"], ["b", "xy"]]);
});

const HOSTILE: Record<string, [string, string]> = {
  "no magic": ["PK\x03\x04", "at byte 0: no ar magic"],
  "a header cut off": ["!<arch>\nabc", "at byte 8: short header"],
  "a header without its end": [`!<arch>\n${"x".repeat(60)}`, "bad header"],
  "a size that is no number": [`!<arch>\n${member("a", "-1")}`, "bad size"],
  "a size beyond the end": [`!<arch>\n${member("a", "9")}x`, "short member"],
  "members without end": [
    `!<arch>\n${member("a", "0").repeat(1)}` +
    Array.from({ length: 20 }, (_, n) => member(`m${n}`, "0")).join(""),
    "too many members",
  ],
};

Deno.test("readAr refuses what is no archive", async (t) => {
  for (const [name, [archive, part]] of Object.entries(HOSTILE)) {
    await t.step(name, () => {
      assertThrows(() => readAr(bytes(archive)), ArError, part);
    });
  }
});
