/** From the machine config to settings and to texts. */
import { assertEquals } from "@std/assert";
import { formatIp, formatPrefix } from "#lib/net/ip.ts";
import { hostsFile, resolvConf } from "./etc_files.ts";
import { settingsOf } from "./settings.ts";

const NODE = { hostname: "node-1" };
const of = (network: unknown, node = NODE) =>
  settingsOf({ machine: { network } }, node);

Deno.test("networkd settings: defaults", () => {
  for (const config of [{}, { machine: null }, { machine: { network: 7 } }]) {
    assertEquals(settingsOf(config, NODE), {
      settings: {
        hostname: "node-1",
        domain: "",
        nameservers: ["1.1.1.1", "8.8.8.8"],
        hosts: [],
        links: [],
      },
      problems: [],
    });
  }
});

Deno.test("networkd settings: a link with everything", () => {
  const { settings, problems } = of({
    interfaces: [
      { interface: "eth0", ignore: true, cidr: "nonsense" },
      {
        interface: "eth1",
        cidr: "10.2.0.5/24",
        mtu: 1400,
        routes: [
          { network: "0.0.0.0/0", gateway: "10.2.0.1" },
          { network: "10.9.0.0/16", metric: 77 },
        ],
        vlans: [{ vlanId: 100, cidr: "10.3.0.5/24" }],
      },
      { interface: "dummy0", dummy: true },
    ],
  });
  assertEquals(problems, []);
  const [eth1, dummy] = settings.links;
  assertEquals(settings.links.length, 2);
  assertEquals(formatPrefix(eth1!.prefix!), "10.2.0.5/24");
  assertEquals(eth1!.mtu, 1400);
  assertEquals(
    eth1!.routes.map((r) => [
      formatPrefix(r.destination),
      r.gateway && formatIp(r.gateway),
      r.metric,
    ]),
    [["0.0.0.0/0", "10.2.0.1", 10], ["10.9.0.0/16", undefined, 77]],
  );
  assertEquals(eth1!.vlans.map((v) => [v.name, v.id]), [["eth1.100", 100]]);
  assertEquals([dummy!.name, dummy!.dummy], ["dummy0", true]);
});

Deno.test("networkd settings: what cannot be used is left out and named", () => {
  const { settings, problems } = of({
    hostname: "bad name\nnameserver 6.6.6.6",
    nameservers: ["1.2.3.4", "dns.example", "5.6.7.8\nx"],
    extraHostEntries: [
      { ip: "10.0.0.1", aliases: ["good", "b a d"] },
      { ip: "nope", aliases: ["x"] },
      { ip: "10.0.0.2", aliases: [] },
    ],
    interfaces: [
      { interface: "a/b" },
      { interface: "a-name-that-is-too-long" },
      { interface: "bond0", bond: { interfaces: ["eth0"] } },
      {
        interface: "eth2",
        cidr: "10.0.0.1",
        dhcp: true,
        routes: [
          { network: "10.0.0.0/8", gateway: "fd00::1" },
        ],
      },
    ],
  });
  assertEquals(settings.hostname, "");
  assertEquals(settings.nameservers, ["1.2.3.4"]);
  assertEquals(settings.hosts, [{ ip: "10.0.0.1", aliases: ["good"] }]);
  assertEquals(settings.links.map(({ name }) => name), ["eth2"]);
  assertEquals(problems, [
    'resolver "dns.example" is no address',
    'resolver "5.6.7.8\\nx" is no address',
    'link "a/b" is no name',
    'link "a-name-that-is-too-long" is no name',
    'the bond "bond0" is not there yet',
    'address "10.0.0.1" of "eth2" is not usable',
    'DHCP on "eth2" is not there yet',
    'route "10.0.0.0/8" of "eth2" is not usable',
    'host name "bad name\\nnameserver 6.6.6.6" is not usable',
    'host entry "nope" is not usable',
    'host entry "10.0.0.2" is not usable',
  ]);
});

Deno.test("networkd settings: the config's host name comes first", () => {
  const { settings } = of({ hostname: "cp-1.example.org." });
  assertEquals([settings.hostname, settings.domain], ["cp-1", "example.org"]);
  assertEquals(of({ hostname: `${"a".repeat(64)}.org` }).problems.length, 1);
});

Deno.test("etc files: resolv.conf has three resolvers at most", () => {
  const { settings } = of({
    nameservers: ["1.1.1.1", "::1", "9.9.9.9", "8.8.8.8"],
  });
  assertEquals(
    resolvConf(settings),
    "nameserver 1.1.1.1\nnameserver ::1\nnameserver 9.9.9.9\n",
  );
  assertEquals(
    resolvConf({ nameservers: ["10.5.0.1"], domain: "example.org" }),
    "nameserver 10.5.0.1\nsearch example.org\n",
  );
});

Deno.test("etc files: hosts", () => {
  const settings = {
    hostname: "cp-1",
    domain: "example.org",
    hosts: [{ ip: "192.168.1.100", aliases: ["a", "a.example"] }],
  };
  assertEquals(
    hostsFile(settings, ["10.5.0.2", "10.6.0.2"]),
    `127.0.0.1       localhost
::1             localhost ip6-localhost ip6-loopback
ff02::1         ip6-allnodes
ff02::2         ip6-allrouters
10.5.0.2        cp-1.example.org cp-1
192.168.1.100   a a.example
`,
  );
  assertEquals(
    hostsFile({ hostname: "x", domain: "", hosts: [] }, []).split("\n")[4],
    "127.0.1.1       x",
  );
});
