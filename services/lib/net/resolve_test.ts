/** Names and the hosts file. */
import { assertEquals, assertRejects } from "@std/assert";
import { isHostname, lookupInHosts, NameError, resolve } from "./resolve.ts";

Deno.test("resolve: what is a name", () => {
  const cases: [string, boolean][] = [
    ["pool.ntp.org", true],
    ["pool.ntp.org.", true],
    ["a", true],
    ["_ntp._udp.example.org", true],
    ["10.5.0.1", false],
    ["1.2.3", false],
    ["-a.example", false],
    ["a..b", false],
    ["", false],
    ["a b", false],
    ["a:123", false],
    ["fd00::1", false],
    ["a/b", false],
    [`${"a".repeat(64)}.org`, false],
    [`${"a.".repeat(127)}`, false],
  ];
  for (const [name, is] of cases) assertEquals(isHostname(name), is, name);
});

Deno.test("resolve: the hosts file", () => {
  const text = "127.0.0.1 localhost # here\n::1 localhost\n" +
    "# 9.9.9.9 time\n10.5.0.1\ttime  Time.example.org\nnonsense time\n";
  assertEquals(lookupInHosts(text, "TIME"), ["10.5.0.1"]);
  assertEquals(lookupInHosts(text, "time.example.org"), ["10.5.0.1"]);
  assertEquals(lookupInHosts(text, "localhost"), ["127.0.0.1"]);
  assertEquals(lookupInHosts(text, "nonsense"), []);
});

Deno.test("resolve: literals need nobody, nonsense reaches nobody", async () => {
  const signal = AbortSignal.timeout(5_000);
  assertEquals(await resolve("10.5.0.1", signal), ["10.5.0.1"]);
  await assertRejects(() => resolve("a b\n", signal), NameError, '"a b\\n"');
  await assertRejects(() => resolve("::1", signal), NameError);
});
