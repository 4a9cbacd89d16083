/**
 * Machine configs that are wrong or hostile, applied to a running node: a clear
 * error with its place in under a second, and the node untouched.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { loadTalosconfig } from "#lib/config/mod.ts";
import { messageOf } from "#lib/errors.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { withApi } from "#tests/api_client.ts";
import { TestCluster } from "#tests/cluster.ts";
import { identityOf } from "#tests/identity.ts";
import { services } from "#tests/machine_client.ts";

const LIMIT_MS = 1_000;

/** `good` with one thing wrong in it, and what the answer must say. */
interface Case {
  readonly name: string;
  readonly config: (good: string) => string;
  readonly says: RegExp;
}

const PLACE = /\d+:\d+: /;
const CASES: readonly Case[] = [
  {
    name: "a typo",
    config: (good) =>
      good.replace(/^machine:\n( +)/m, "machine:\n$1tokn: x\n$1"),
    says: /\d+:\d+: .*"tokn".*"token"/,
  },
  {
    name: "a wrong type",
    config: (good) =>
      good.replace(/^machine:\n( +)/m, "machine:\n$1sysctls: 7\n$1"),
    says: /\d+:\d+: .*sysctls/,
  },
  {
    name: "a duplicate key",
    config: (good) => good.replace(/^debug:/m, "persist: true\ndebug:"),
    says: PLACE,
  },
  {
    name: "an alias bomb",
    config: (good) => {
      const levels = ["x0: &x0 [a, a, a, a, a, a, a, a, a, a]"];
      for (let n = 1; n < 12; n++) {
        const inner = Array(10).fill(`*x${n - 1}`).join(", ");
        levels.push(`x${n}: &x${n} [${inner}]`);
      }
      return `${levels.join("\n")}\n${good}`;
    },
    says: PLACE,
  },
  {
    name: "100,000 levels of nesting",
    config: () => `machine: ${"[".repeat(100_000)}`,
    says: PLACE,
  },
  {
    name: "100,000 levels of nesting in blocks",
    config: () =>
      "machine:\n" +
      Array.from({ length: 1_000 }, (_, n) => `${" ".repeat(n + 1)}- a:\n`)
        .join(""),
    says: PLACE,
  },
  {
    name: "not YAML at all",
    config: () => "\u0000\u0001{]",
    says: PLACE,
  },
];

Deno.test("a wrong config is refused and changes nothing", async (t) => {
  await using cluster = await TestCluster.create({
    name: "t-config",
    cidr: "10.5.104.0/24",
    workers: 0,
  });
  const init = await cluster.initPid(0);
  const host = cluster.nodes[0]!;
  const stored = `/proc/${init}/root/system/state/config.yaml`;
  const good = await Deno.readTextFile(stored);
  const states = async () =>
    (await services(init)).map(({ id, events }) => [
      id,
      events!.events.filter((e) => !e.msg.startsWith("Health")).length,
    ]);
  const before = await states();
  const tls = identityOf(await loadTalosconfig(cluster.talosconfig));

  /** Applies `data` through the API, past any check of the client. */
  const apply = async (data: Uint8Array) => {
    const started = performance.now();
    const answer = await withApi(
      MachineService,
      { host, tls },
      (client) => client.applyConfiguration({ data }),
    ).then(() => "applied", messageOf);
    return { answer, tookMs: performance.now() - started };
  };
  const checkUntouched = async () => {
    assertEquals(await Deno.readTextFile(stored), good);
    assertEquals(await states(), before);
  };

  for (const { name, config, says } of CASES) {
    await t.step(name, async () => {
      const text = config(good);
      assert(text !== good, "the case changes nothing");
      const { answer, tookMs } = await apply(new TextEncoder().encode(text));
      assertMatch(answer, says);
      assert(tookMs < LIMIT_MS, `took ${tookMs} ms`);
      await checkUntouched();
      const file = await Deno.makeTempFile({ suffix: ".yaml" });
      await Deno.writeTextFile(file, text);
      const cli = await cluster.talosctl([
        "-n",
        host,
        "apply-config",
        "-f",
        file,
      ]);
      await Deno.remove(file);
      assertEquals(cli.code, 1);
      assertMatch(cli.stderr, says);
      assertEquals(cli.stderr.includes("    at "), false, cli.stderr);
      await checkUntouched();
    });
  }

  await t.step("a 50 MB scalar", async () => {
    const big = new Uint8Array(50 << 20).fill(97);
    big.set(new TextEncoder().encode("machine: "));
    const { answer, tookMs } = await apply(big);
    assertMatch(answer, /ResourceExhausted|larger/);
    assert(tookMs < 3 * LIMIT_MS, `took ${tookMs} ms`);
    await checkUntouched();
    const file = await Deno.makeTempFile({ suffix: ".yaml" });
    await Deno.writeFile(file, big);
    const cli = await cluster.talosctl([
      "-n",
      host,
      "apply-config",
      "-f",
      file,
    ]);
    await Deno.remove(file);
    assertEquals(cli.code, 1);
    // The whole file is the place.
    assertMatch(cli.stderr, /\.yaml: larger than the limit of \d+ bytes/);
    await checkUntouched();
  });
});
