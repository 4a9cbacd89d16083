/** A wait ends with what it waits for, or with the stop; nothing stays. */
import { assertEquals } from "@std/assert";
import { orAborted, untilAborted } from "./abort.ts";

function outcome<T>(promise: Promise<T>): Promise<T | string> {
  return promise.catch((thrown) => `thrown: ${thrown.message}`);
}

Deno.test("abort: whichever comes first", async () => {
  const never = new Promise<string>(() => {});
  const stop = new AbortController();
  const gone = AbortSignal.abort(new Error("gone"));
  assertEquals(await orAborted(Promise.resolve("here"), stop.signal), "here");
  assertEquals(
    await outcome(orAborted(Promise.reject(new Error("bad")), stop.signal)),
    "thrown: bad",
  );
  assertEquals(await outcome(orAborted(never, gone)), "thrown: gone");
  const waiting = outcome(orAborted(never, stop.signal));
  const stopped = untilAborted(stop.signal);
  stop.abort(new Error("stop"));
  assertEquals(await waiting, "thrown: stop");
  await stopped;
  await untilAborted(gone);
});
