/** The log files of containers of pods. */
import { assertEquals, assertRejects } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import { podLog } from "./pod_log.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function textOf(directory: string, tailLines: number): Promise<string> {
  const pieces = [];
  for await (const d of podLog({ directory, tailLines, follow: false })) {
    pieces.push(decoder.decode(d.bytes));
  }
  return pieces.join("");
}

async function withLog(run: (directory: string) => Promise<void>) {
  const directory = await Deno.makeTempDir();
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("podLog: the newest start, from the line asked for", () =>
  withLog(async (directory) => {
    await Deno.writeTextFile(`${directory}/9.log`, "old\n");
    await Deno.writeTextFile(`${directory}/10.log`, "a\nbb\nccc\n");
    await Deno.writeTextFile(`${directory}/11.log.20260102-030405`, "no\n");
    const cases: [number, string][] = [
      [-1, "a\nbb\nccc\n"],
      [0, ""],
      [1, "ccc\n"],
      [2, "bb\nccc\n"],
      [3, "a\nbb\nccc\n"],
      [9, "a\nbb\nccc\n"],
    ];
    for (const [tail, want] of cases) {
      assertEquals(await textOf(directory, tail), want, `tail ${tail}`);
    }
  }));

Deno.test("podLog: a tail over many blocks, and of an empty file", () =>
  withLog(async (directory) => {
    const line = `${"x".repeat(99)}\n`;
    await Deno.writeTextFile(`${directory}/0.log`, line.repeat(2000));
    assertEquals(await textOf(directory, 1500), line.repeat(1500));
    await Deno.writeTextFile(`${directory}/1.log`, "");
    assertEquals(await textOf(directory, 5), "");
  }));

Deno.test("podLog: a container that never ran has none", async () => {
  await assertRejects(
    () => textOf("/no/such/directory", -1),
    Error,
    'no log in "/no/such/directory": the container never ran',
  );
});

Deno.test("podLog: follows over a rotation, a restart and the end", () =>
  withLog(async (directory) => {
    const path = `${directory}/0.log`;
    await Deno.writeTextFile(path, "before\nlast\n");
    let seen = "";
    const done = (async () => {
      const options = { directory, tailLines: 1, follow: true };
      for await (const { bytes } of podLog(options)) {
        seen += decoder.decode(bytes);
      }
    })();
    const until = (text: string) => eventually(() => seen === text);
    await until("last\n");
    using file = await Deno.open(path, { append: true });
    await file.write(encoder.encode("more\n"));
    await until("last\nmore\n");
    await Deno.rename(path, `${path}.20260102-030405`);
    await file.write(encoder.encode("late\n"));
    await Deno.writeTextFile(path, "rotated\n");
    await until("last\nmore\nlate\nrotated\n");
    await Deno.writeTextFile(`${directory}/1.log`, "again\n");
    await until("last\nmore\nlate\nrotated\nagain\n");
    await Deno.remove(`${directory}/1.log`);
    await done;
  }));
