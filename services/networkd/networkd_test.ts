/** networkd against a pretend kernel, and its reading against the real one. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "#lib/clock.ts";
import { createLogger } from "#lib/log.ts";
import { formatPrefix } from "#lib/net/ip.ts";
import type { ServerCall } from "#lib/rpc/call.ts";
import { FakeSys } from "#lib/sys/fake.ts";
import { realSys } from "#lib/sys/real.ts";
import { SysError } from "#lib/sys/errno.ts";
import type { NodeFacts, WorkerConfig } from "#lib/worker/protocol.ts";
import { goFlags, networkHandlers } from "./api.ts";
import { FakeRtnetlink } from "./fake_rtnetlink.ts";
import { NetlinkError } from "./netlink.ts";
import { Rtnetlink } from "./netlink_client.ts";
import { Networkd } from "./networkd.ts";
import * as rt from "./rtnetlink.ts";

function world(mode: NodeFacts["mode"] = "metal") {
  const sys = new FakeSys();
  const kernel = new FakeRtnetlink();
  sys.netlink = kernel.respond;
  kernel.addLink("lo", rt.IFF_LOOPBACK, 65536);
  kernel.addLink("eth0", rt.IFF_BROADCAST | rt.IFF_MULTICAST);
  const etc: Record<string, string> = {};
  const networkd = new Networkd({
    sys,
    clock: systemClock,
    log: createLogger(() => {}),
    writeEtc: (name, text) => {
      etc[name] = text;
      return Promise.resolve();
    },
  });
  const apply = (network: unknown) =>
    networkd.apply(
      {
        config: { machine: { network } },
        node: {
          mode,
          hostname: "from-outside",
          version: "v0",
          addresses: ["10.5.0.2"],
        },
      } satisfies WorkerConfig,
    );
  return { sys, kernel, etc, networkd, apply };
}

const STATIC = {
  hostname: "cp-1.example.org",
  interfaces: [{
    interface: "eth0",
    cidr: "10.2.0.5/24",
    mtu: 1400,
    routes: [{ network: "0.0.0.0/0", gateway: "10.2.0.1" }],
  }],
};

Deno.test("networkd: static addressing, names and files", async () => {
  const { sys, kernel, etc, networkd, apply } = world();
  assertEquals(await apply(STATIC), []);
  assert(networkd.ready);
  assertEquals([...kernel.addresses], ["1 127.0.0.1/8", "2 10.2.0.5/24"]);
  assertEquals([...kernel.routes], ["2 0.0.0.0/0 10.2.0.1 10"]);
  assertEquals(kernel.links.map((l) => [l.name, l.flags & 1, l.mtu]), [
    ["lo", 1, 65536],
    ["eth0", 1, 1400],
  ]);
  assertEquals([sys.hostname, sys.domainname], ["cp-1", "example.org"]);
  assert(etc["resolv.conf"]!.endsWith("search example.org\n"));
  assert(etc.hosts!.includes("10.5.0.2        cp-1.example.org cp-1\n"));
  assertEquals(sys.openSockets, 0);
});

Deno.test("networkd: the same again changes nothing, another takes back", async () => {
  const { kernel, apply } = world();
  await apply(STATIC);
  assertEquals(await apply(STATIC), []);
  assertEquals(kernel.addresses.size, 2);
  assertEquals(
    await apply({ interfaces: [{ interface: "eth0", cidr: "10.2.0.6/24" }] }),
    [],
  );
  assertEquals([...kernel.addresses], ["1 127.0.0.1/8", "2 10.2.0.6/24"]);
  assertEquals([...kernel.routes], []);
});

Deno.test("networkd: in a container only loopback and the files", async () => {
  const { sys, kernel, etc, apply } = world("container");
  const problems = await apply({
    hostname: "cp-1",
    nameservers: ["10.5.0.1"],
    interfaces: [{ interface: "eth0", ignore: true }],
  });
  assertEquals(problems, []);
  assertEquals(sys.hostname, "");
  assertEquals([...kernel.addresses], ["1 127.0.0.1/8"]);
  assertEquals(kernel.links[1]!.flags & rt.IFF_UP, 0);
  assertEquals(etc["resolv.conf"], "nameserver 10.5.0.1\n");
});

Deno.test("networkd: dummies and the VLANs on them", async () => {
  const { kernel, apply } = world();
  const problems = await apply({
    interfaces: [{
      interface: "dummy0",
      dummy: true,
      vlans: [{ vlanId: 5, cidr: "10.7.0.1/24" }],
    }],
  });
  assertEquals(problems, []);
  assertEquals(
    kernel.links.map(({ name }) => name),
    ["lo", "eth0", "dummy0", "dummy0.5"],
  );
  assert(kernel.addresses.has("4 10.7.0.1/24"));
});

Deno.test("networkd: one failure does not keep the rest from being done", async () => {
  const { kernel, networkd, apply } = world();
  kernel.refused.set(rt.RTM_NEWROUTE, "ENETUNREACH");
  const problems = await apply({
    interfaces: [
      { interface: "eth9", cidr: "10.9.0.1/24" },
      ...STATIC.interfaces,
    ],
  });
  assertEquals(problems, [
    'there is no link "eth9"',
    'Cannot route 0.0.0.0/0 via 10.2.0.1 on "eth0", metric 10: ENETUNREACH',
  ]);
  assert(kernel.addresses.has("2 10.2.0.5/24"));
  assert(networkd.ready);
});

Deno.test("networkd: configs are applied one after another", async () => {
  const { kernel, apply } = world();
  const all = [5, 6, 7].map((last) =>
    apply({ interfaces: [{ interface: "eth0", cidr: `10.2.0.${last}/24` }] })
  );
  await Promise.all(all);
  assertEquals([...kernel.addresses], ["1 127.0.0.1/8", "2 10.2.0.7/24"]);
});

Deno.test("networkd api: interfaces and routes", async () => {
  const { networkd, kernel, apply } = world();
  await apply(STATIC);
  kernel.routes.add("2 10.3.0.0/16 - 0");
  const handlers = networkHandlers(networkd.netlink);
  const call = {} as ServerCall;
  const { messages } = await handlers.interfaces!({} as never, call);
  // As plain data: the bits of Go's flags are no values of the enum.
  assertEquals<unknown>(messages, [{
    interfaces: [
      {
        index: 1,
        mtu: 65536,
        name: "lo",
        hardwareaddr: "02:42:00:00:00:01",
        flags: 5,
        ipaddress: ["127.0.0.1/8"],
      },
      {
        index: 2,
        mtu: 1400,
        name: "eth0",
        hardwareaddr: "02:42:00:00:00:02",
        flags: 19,
        ipaddress: ["10.2.0.5/24"],
      },
    ],
  }]);
  const routes = await handlers.routes!({} as never, call);
  assertEquals(routes.messages![0]!.routes![0], {
    interface: "eth0",
    destination: "0.0.0.0/0",
    gateway: "10.2.0.1/32",
    metric: 10,
    scope: 0,
    source: "",
    family: 2,
    protocol: 4,
    flags: 0,
  });
  assertEquals(routes.messages![0]!.routes![1]!.gateway, "");
  assertEquals(goFlags(0x11043), 1 | 2 | 16);
});

Deno.test("netlink client: a silent kernel ends in an error", async () => {
  const sys = new FakeSys();
  let nowMs = 0;
  const clock = {
    ...systemClock,
    monotonic: () => nowMs,
    sleep: (ms: number) => {
      nowMs += Math.max(ms, 1);
      return Promise.resolve();
    },
  };
  await assertRejects(
    () => new Rtnetlink(sys, clock).links(),
    NetlinkError,
    "no end after 2000 ms",
  );
  // Nor do answers to somebody else keep it going for ever.
  const [other] = new FakeRtnetlink().respond(
    // A dump request of another sequence.
    Uint8Array.fromHex("20000000120001030900000000000000" + "00".repeat(16)),
  );
  sys.openNetlink = () => ({
    send: () => {},
    receive: () => other,
    close: () => {},
  });
  await assertRejects(() => new Rtnetlink(sys, clock).links(), NetlinkError);
});

Deno.test("netlink client: the real kernel", async (t) => {
  const netlink = new Rtnetlink(realSys, systemClock);
  await t.step("has a loopback, the same as Deno sees", async () => {
    const [links, addresses] = [
      await netlink.links(),
      await netlink.addresses(),
    ];
    const lo = links.find(({ name }) => name === "lo")!;
    assert(lo.flags & rt.IFF_LOOPBACK);
    const ours = addresses.map((a) => formatPrefix(a.prefix).split("/")[0]);
    for (const { address } of Deno.networkInterfaces()) {
      assert(ours.includes(address.split("%")[0]!), address);
    }
  });
  await t.step("shows the local table too", async () => {
    const up = (await netlink.addresses()).length > 0;
    const routes = await netlink.routes();
    assert(!up || routes.some(({ table }) => table === rt.RT_TABLE_LOCAL));
  });
  await t.step("refuses what is not there", async () => {
    const refused = await assertRejects(
      () => netlink.change(rt.setLinkUp(0x7fff_fff0), "bring nothing up"),
      SysError,
    );
    assert(refused.is("ENODEV", "EPERM"), refused.message);
  });
});
