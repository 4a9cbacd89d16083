/**
 * networkd against the real kernel, in a network namespace of its own that
 * ends with its process. The links are a pair of virtual ethernets.
 */
import { assert, assertEquals } from "@std/assert";

const CHILD = `
import { systemClock } from "#lib/clock.ts";
import { createLogger } from "#lib/log.ts";
import { realSys } from "#lib/sys/real.ts";
import { networkHandlers } from "#services/networkd/api.ts";
import { Networkd } from "#services/networkd/networkd.ts";
import { createLink } from "#services/networkd/rtnetlink.ts";

const networkd = new Networkd({
  sys: realSys,
  clock: systemClock,
  log: createLogger(() => {}),
  writeEtc: () => Promise.resolve(),
});
await networkd.netlink.change(createLink("eth7", "veth"), "make a pair");
const node = { mode: "container", hostname: "n", version: "", addresses: [] };
const apply = (...interfaces) =>
  networkd.apply({ config: { machine: { network: { interfaces } } }, node });
const tables = async () => {
  const handlers = networkHandlers(networkd.netlink);
  const { messages: [{ interfaces }] } = await handlers.interfaces({}, {});
  const { messages: [{ routes }] } = await handlers.routes({}, {});
  return {
    links: interfaces.map((l) => [l.name, l.mtu, l.flags, l.ipaddress]),
    routes: routes.filter((r) => r.family === 2).map((r) =>
      [r.interface, r.destination, r.gateway, r.source, r.metric, r.protocol]
    ),
  };
};
const eth7 = {
  interface: "eth7",
  cidr: "10.77.0.5/24",
  mtu: 1300,
  routes: [{ network: "0.0.0.0/0", gateway: "10.77.0.1" }],
};
const out = [];
for (const interfaces of [
  [eth7],
  [eth7],
  [{ ...eth7, cidr: "10.77.0.6/24", routes: [
    { network: "10.99.0.0/16", gateway: "10.200.0.1" },
  ] }],
]) {
  out.push({ problems: await apply(...interfaces), ...await tables() });
}
console.log(JSON.stringify(out));
`;

interface Seen {
  problems: string[];
  links: [string, number, number, string[]][];
  routes: [string, string, string, string, number, number][];
}

async function runInNamespace(code: string): Promise<Seen[]> {
  const root = new URL("../../", import.meta.url).pathname;
  const services = `${root}services/`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, code.replaceAll("#services/", services));
  const child = new Deno.Command("unshare", {
    args: [
      "--net",
      Deno.execPath(),
      "run",
      "-A",
      "--no-check",
      `--config=${root}deno.json`,
      file,
    ],
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(30_000),
    stderr: "inherit",
  });
  const { stdout } = await child.output();
  await Deno.remove(file);
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("networkd: a real kernel does what the config says", async () => {
  const [first, again, other] = await runInNamespace(CHILD);
  assertEquals(first!.problems, []);
  const lo = first!.links.find(([name]) => name === "lo")!;
  assertEquals(lo.slice(0, 3), ["lo", 65536, 5]);
  assert(lo[3].includes("127.0.0.1/8"));
  const eth7 = first!.links.find(([name]) => name === "eth7")!;
  assertEquals(eth7.slice(0, 3), ["eth7", 1300, 19]);
  assertEquals(eth7[3].filter((ip) => !ip.startsWith("fe80")), [
    "10.77.0.5/24",
  ]);
  const routes = first!.routes.map((route) => route.slice(0, 5).join(" "));
  assert(routes.includes("eth7 0.0.0.0/0 10.77.0.1/32  10"));
  // The local table is there too.
  assert(routes.includes("lo 127.0.0.1/32  127.0.0.1/32 0"));

  assertEquals(again!.problems, []);
  assertEquals(again!.routes, first!.routes);

  assertEquals(other!.problems, [
    'Cannot route 10.99.0.0/16 via 10.200.0.1 on "eth7", metric 10: ' +
    "ENETUNREACH",
  ]);
  const changed = other!.links.find(([name]) => name === "eth7")!;
  assert(changed[3].includes("10.77.0.6/24"));
  assert(!changed[3].includes("10.77.0.5/24"));
  assert(!other!.routes.some(([, to]) => to === "0.0.0.0/0"));
});
