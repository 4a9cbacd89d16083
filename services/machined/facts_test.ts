/** What counts as a fact, and that looking for changes does not end. */
import { assertEquals } from "@std/assert";
import { eventually } from "#tests/eventually.ts";
import type { NodeFacts } from "#lib/worker/protocol.ts";
import { globalAddresses, watchFacts } from "./facts.ts";
import { FakeClock } from "./supervisor/fake.ts";

Deno.test("addresses that mean something to others", () => {
  const eth0 = (address: string) => ({ name: "eth0", address });
  assertEquals(
    globalAddresses([
      { name: "lo", address: "10.9.9.9" },
      ...["fd00::3", "10.5.0.2", "10.5.0.2", "169.254.1.1", "fe80::1"].map(
        eth0,
      ),
      ...["127.0.0.1", "::1", "224.0.0.1", "ff02::1", "0.0.0.0"].map(eth0),
    ]),
    ["10.5.0.2", "fd00::3"],
  );
});

Deno.test("a change is told once, and a look that fails is not the last", async () => {
  const looks: (string[] | Error)[] = [
    ["10.5.0.2"],
    ["10.5.0.2"],
    new Error("too many open files"),
    ["10.5.0.3"],
    ["10.5.0.3"],
  ];
  let changes = 0;
  const stop = new AbortController();
  const watching = watchFacts({
    facts: (): NodeFacts => {
      const look = looks.length > 1 ? looks.shift()! : looks[0]!;
      if (look instanceof Error) throw look;
      return {
        mode: "container",
        hostname: "n",
        version: "v",
        addresses: look,
      };
    },
    clock: new FakeClock(),
    changed: () => changes++,
  }, stop.signal);
  await eventually(() => looks.length === 1);
  stop.abort(new Error("stop"));
  await watching;
  assertEquals(changes, 1);
});
