/** The console's writer: order, slow and absent readers. */
import { assert, assertEquals } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import { CONSOLE_HELD_BYTES, createConsole } from "./console.ts";

const decoder = new TextDecoder();

Deno.test("lines arrive in order, also in small writes", async () => {
  let seen = "";
  const { sink: console } = createConsole((bytes) => {
    seen += decoder.decode(bytes.subarray(0, 3));
    return Promise.resolve(Math.min(3, bytes.length));
  });
  for (const line of ["first", "second", "third"]) console(line);
  await eventually(() => seen === "first\nsecond\nthird\n");
});

Deno.test("a reader that stops costs a bounded number of bytes, and is told", async () => {
  let seen = "";
  let gate = Promise.withResolvers<void>();
  const { sink: console } = createConsole(async (bytes) => {
    await gate.promise;
    seen += decoder.decode(bytes);
    return bytes.length;
  });
  const line = "x".repeat(1023);
  for (let i = 0; i < 10_000; i++) console(line);
  gate.resolve();
  await eventually(() => seen.endsWith("lines lost by the console\n"));
  assert(seen.length <= CONSOLE_HELD_BYTES + 2048);
  gate = Promise.withResolvers();
  gate.resolve();
  console("again");
  await eventually(() => seen.endsWith("again\n"));
});

Deno.test("a reader that is gone ends nothing", async () => {
  let tries = 0;
  const { sink: console } = createConsole(() => {
    tries++;
    return Promise.reject(new Error("EPIPE"));
  });
  console("one");
  await eventually(() => tries === 1);
  console("two");
  await eventually(() => tries === 2);
  assertEquals(tries, 2);
});

Deno.test("flush waits for the last line, but not for ever", async () => {
  let seen = "";
  const fast = createConsole((bytes) => {
    seen += decoder.decode(bytes);
    return Promise.resolve(bytes.length);
  });
  fast.sink("last");
  await fast.flush(60_000);
  assertEquals(seen, "last\n");
  const stuck = createConsole(() => new Promise(() => {}));
  stuck.sink("never");
  await stuck.flush(1);
});
