/** The keys below `machine.network`. */
import {
  bool,
  int,
  list,
  object,
  oneOf,
  string,
  U16,
  U32,
  U8,
} from "../schema.ts";

/** Routes of a link or of a VLAN on it. */
const routes = list(
  object({
    network: string({
      doc: "The destination.",
      format: "cidr",
      example: "10.2.0.0/16",
      required: true,
    }),
    gateway: string({
      doc: "The next hop.",
      format: "ip",
      example: "10.2.0.1",
    }),
    metric: int({
      doc: "The priority; lower wins. 10 when absent.",
      ...U32,
      example: 10,
    }),
  }, {}),
  {
    doc: "Static routes; one without a next hop is reached on the link itself.",
    example: [{ network: "0.0.0.0/0", gateway: "10.2.0.1", metric: 10 }],
  },
);

const address = string({
  doc: "A static address with its prefix length; excludes dhcp.",
  format: "cidr",
  example: "10.2.0.5/24",
});

const vlans = list(
  object({
    routes,
    dhcp: bool({ doc: "Ask a DHCP server for addresses.", example: true }),
    vlanId: int({
      doc: "The VLAN id of 802.1Q; the link is called `<interface>.<id>`.",
      min: 1,
      max: 4094,
      example: 100,
      required: true,
    }),
    cidr: address,
  }, {}),
  { doc: "VLANs on this link.", example: [{ vlanId: 100, dhcp: true }] },
);

const bondU32 = (doc: string) => int({ doc, ...U32, example: 0 });
const bondU16 = (doc: string) => int({ doc, ...U16, example: 0 });
const bondU8 = (doc: string) => int({ doc, ...U8, example: 0 });

const BOND_MODES = [
  "balance-rr",
  "active-backup",
  "balance-xor",
  "broadcast",
  "802.3ad",
  "balance-tlb",
  "balance-alb",
] as const;

/** The kernel's own default holds wherever a key is absent. */
const bond = object({
  interfaces: list(string({ format: "link" }), {
    doc: "The links that make up the bond.",
    example: ["eth0", "eth1"],
    required: true,
  }),
  arpIPTarget: list(string({ format: "ip" }), {
    doc: "Accepted for the seed era's sake; not applied.",
    example: ["10.2.0.1"],
  }),
  mode: oneOf(BOND_MODES, { doc: "The bond mode.", example: "802.3ad" }),
  xmitHashPolicy: oneOf(
    ["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"],
    { doc: "The transmit hash policy.", example: "layer3+4" },
  ),
  lacpRate: oneOf(["slow", "fast"], {
    doc: "How often LACP frames are asked for; 802.3ad only.",
    example: "fast",
  }),
  adActorSystem: string({
    doc: "Accepted for the seed era's sake; not applied.",
    format: "mac",
    example: "00:00:00:00:00:00",
  }),
  arpValidate: oneOf(["none", "active", "backup", "all"], {
    doc: "Which ARP replies are checked.",
    example: "all",
  }),
  arpAllTargets: oneOf(["any", "all"], {
    doc: "How many ARP targets must answer.",
    example: "all",
  }),
  primary: string({
    doc: "The preferred link.",
    format: "link",
    example: "eth0",
  }),
  primaryReselect: oneOf(["always", "better", "failure"], {
    doc: "When the primary takes over again.",
    example: "always",
  }),
  failOverMac: oneOf(["none", "active", "follow"], {
    doc: "Whose MAC address the bond has.",
    example: "active",
  }),
  adSelect: oneOf(["stable", "bandwidth", "count"], {
    doc: "How 802.3ad chooses an aggregator.",
    example: "stable",
  }),
  miimon: bondU32("Milliseconds between looks at the links; 0 is unset."),
  updelay: bondU32("Milliseconds before a link counts as up."),
  downdelay: bondU32("Milliseconds before a link counts as down."),
  arpInterval: bondU32("Milliseconds between ARP probes."),
  resendIgmp: bondU32("IGMP reports sent after a failover."),
  minLinks: bondU32("Links that must be up for the bond to be up."),
  lpInterval: bondU32("Seconds between learning packets."),
  packetsPerSlave: bondU32("Packets a link sends before the next; balance-rr."),
  numPeerNotif: bondU8("Peer notifications sent after a failover."),
  tlbDynamicLb: bondU8("Whether balance-tlb shuffles flows."),
  allSlavesActive: bondU8("Whether duplicate frames are delivered."),
  useCarrier: bool({
    doc: "Whether the driver's carrier state decides that a link is up.",
    example: true,
  }),
  adActorSysPrio: bondU16("The system priority of 802.3ad."),
  adUserPortKey: bondU16("The upper bits of the port key of 802.3ad."),
  peerNotifyDelay: bondU32("Milliseconds between peer notifications."),
}, { doc: "Bonds other links to this one." });

const interfaces = list(
  object({
    interface: string({
      doc: "The name of the link.",
      format: "link",
      example: "eth0",
      required: true,
    }),
    cidr: address,
    routes,
    bond,
    vlans,
    mtu: int({
      doc: "The MTU, instead of the link's own or that of the DHCP server.",
      min: 68,
      max: 65536,
      example: 1500,
    }),
    dhcp: bool({
      doc: "Ask a DHCP server; links that are not listed here do so too.",
      example: true,
    }),
    ignore: bool({
      doc: "Leave this link alone; nothing else about it is checked.",
      example: true,
    }),
    dummy: bool({ doc: "Create a dummy link.", example: true }),
    dhcpOptions: object({
      routeMetric: int({
        doc: "The metric of routes from DHCP; 1024 when absent or 0.",
        ...U32,
        example: 1024,
      }),
    }, { doc: "Options of DHCP; they mean nothing without dhcp." }),
  }, {}),
  {
    doc: "The links that are configured by hand.",
    example: [{
      interface: "eth0",
      cidr: "10.2.0.5/24",
      routes: [{ network: "0.0.0.0/0", gateway: "10.2.0.1", metric: 10 }],
      mtu: 1500,
    }],
  },
);

export const network = object({
  hostname: string({
    doc: "The host name, before all other sources.",
    format: "dns",
    example: "node-1",
  }),
  interfaces,
  nameservers: list(string({ format: "ip" }), {
    doc: "Resolvers, where DHCP and the kernel command line name none.",
    default: ["1.1.1.1", "8.8.8.8"],
  }),
  extraHostEntries: list(
    object({
      ip: string({
        doc: "The address.",
        format: "ip",
        example: "192.168.1.100",
        required: true,
      }),
      aliases: list(string({ format: "dns" }), {
        doc: "Its names.",
        example: ["example", "example.domain.tld"],
        required: true,
      }),
    }, {}),
    {
      doc: "More lines of /etc/hosts.",
      example: [{ ip: "192.168.1.100", aliases: ["example"] }],
    },
  ),
}, { doc: "The network of the machine.", always: true });
