/** Bytes of netlink, both ways, and bytes that no kernel sends. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { formatIp, formatPrefix, parseIp, parsePrefix } from "#lib/net/ip.ts";
import {
  decodeAttributes,
  decodeErrno,
  decodeMessages,
  encodeBody,
  encodeMessage,
  NetlinkError,
  readText,
} from "./netlink.ts";
import * as rt from "./rtnetlink.ts";

const bytes = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));

/** RTM_NEWLINK of a loopback, cut to four attributes. */
const LINK = bytes(
  "0000 0403 01000000 49000100 00000000" +
    "0700 0300 6c6f0000" + "0800 0400 00000100" +
    "0a00 0100 000000000000 0000" + "0500 1400 00 000000",
);
/** RTM_NEWADDR: 192.0.2.2/24 on link 4. */
const ADDRESS = bytes(
  "02 18 80 00 04000000" + "0800 0100 c0000202" + "0800 0200 c0000202" +
    "0800 0400 c00002ff",
);
/** RTM_NEWROUTE: default via 192.0.2.1 on link 4, metric 1024. */
const ROUTE = bytes(
  "02 00 00 00 fe 03 00 01 00000000" + "0800 0f00 fe000000" +
    "0800 0600 00040000" + "0800 0500 c0000201" + "0800 0400 04000000",
);
/** The same with two ways (RTA_MULTIPATH). */
const MULTIPATH = bytes(
  "02 00 00 00 fe 03 00 01 00000000" +
    "2400 0900" + "1000 00 00 04000000 0800 0500 c0000201" +
    "1000 00 00 05000000 0800 0500 c0000301",
);

Deno.test("netlink: a message and its attributes", () => {
  const message = { type: 20, flags: 0x605, sequence: 7, body: ADDRESS };
  const encoded = encodeMessage(message);
  assertEquals(
    encoded.subarray(0, 16).toHex(),
    "30000000" + "1400" + "0506" + "07000000" + "00000000",
  );
  assertEquals(decodeMessages(encoded), [message]);
  const two = new Uint8Array([...encoded, ...encoded]);
  assertEquals(decodeMessages(two).length, 2);
  assertEquals(decodeErrno(bytes("edffffff 00000000")), 19);
});

Deno.test("netlink: attributes are padded, their length is not", () => {
  const body = encodeBody(bytes("0102"), [[5, bytes("aa")], [6, bytes("")]]);
  assertEquals(body.toHex(), "01020000" + "05000500aa000000" + "04000600");
  const attributes = decodeAttributes(body, 4);
  assertEquals(attributes.get(5)?.toHex(), "aa");
  assertEquals(attributes.get(6)?.length, 0);
  // NLA_F_NESTED is no part of the type.
  assertEquals(decodeAttributes(bytes("04001280"), 0).has(0x12), true);
  assertEquals(readText(bytes("6c6f00ff")), "lo");
});

Deno.test("rtnetlink: links, addresses, routes", () => {
  assertEquals(rt.decodeLink(LINK), {
    index: 1,
    name: "lo",
    flags: 0x10049,
    mtu: 65536,
    hardwareAddress: new Uint8Array(6),
  });
  const address = rt.decodeAddress(ADDRESS)!;
  assertEquals(address.linkIndex, 4);
  assertEquals(formatPrefix(address.prefix), "192.0.2.2/24");
  const route = rt.decodeRoute(ROUTE)!;
  assertEquals(formatPrefix(route.destination), "0.0.0.0/0");
  assertEquals(formatIp(route.gateway!), "192.0.2.1");
  assertEquals(
    [route.linkIndex, route.metric, route.table, route.protocol, route.scope],
    [4, 1024, 254, 3, 0],
  );
  const hop = rt.decodeRoute(MULTIPATH)!;
  assertEquals([hop.linkIndex, formatIp(hop.gateway!)], [4, "192.0.2.1"]);
  // Bridges and IPv6 multicast routing dump families of their own.
  const other = ROUTE.slice();
  other[0] = 129;
  assertEquals(rt.decodeRoute(other), undefined);
});

Deno.test("rtnetlink: requests", () => {
  assertEquals(
    rt.setLinkUp(3, 1400).body.toHex(),
    "00000000" + "03000000" + "01000000" + "01000000" + "08000400" + "78050000",
  );
  const prefix = parsePrefix("10.5.0.2/24")!;
  assertEquals(
    rt.addAddress(3, prefix).body.toHex(),
    "02180000" + "03000000" + "080002000a050002" + "080001000a050002" +
      "080004000a0500ff",
  );
  const body = rt.replaceRoute({
    linkIndex: 3,
    destination: parsePrefix("10.9.1.2/16")!,
    gateway: parseIp("10.5.0.1")!,
    metric: 10,
  }).body;
  assertEquals(
    body.toHex(),
    "02100000" + "fe040001" + "00000000" + "080001000a090000" +
      "0800040003000000" + "080006000a000000" + "080005000a050001",
  );
  assertEquals(
    rt.createVlan("eth0.5", 2, 5).body.subarray(16).toHex(),
    "0800050002000000" + "0b000300657468302e350000" +
      "1c001200" + "09000100766c616e00000000" + "0c000200" + "060001000500" +
      "0000",
  );
});

Deno.test("rtnetlink: hardware addresses as Go prints them", () => {
  const of = (hex: string) => rt.formatHardwareAddress(bytes(hex));
  assertEquals(of("02420a050002"), "02:42:0a:05:00:02");
  assertEquals(of("000000000000"), "");
  assertEquals(of(""), "");
  assertEquals(of("0a000001"), "10.0.0.1");
});

Deno.test("netlink: lengths that lie are refused", async (t) => {
  const cases: [string, () => unknown][] = [
    ["header cut", () => decodeMessages(bytes("10000000 0200"))],
    [
      "shorter than a header",
      () => decodeMessages(bytes("0f" + "00".repeat(15))),
    ],
    ["zero length", () => decodeMessages(new Uint8Array(16))],
    ["beyond the end", () => decodeMessages(bytes("11" + "00".repeat(15)))],
    ["attribute cut", () => decodeAttributes(bytes("0800"), 0)],
    ["attribute of 3", () => decodeAttributes(bytes("03000100"), 0)],
    ["attribute of 0", () => decodeAttributes(bytes("00000100"), 0)],
    [
      "attribute too long",
      () => decodeAttributes(bytes("09000100 aabbccdd"), 0),
    ],
    ["link cut", () => rt.decodeLink(LINK.subarray(0, 15))],
    ["address cut", () => rt.decodeAddress(ADDRESS.subarray(0, 7))],
    ["route cut", () => rt.decodeRoute(ROUTE.subarray(0, 11))],
    [
      "IPv4 of 5 bytes",
      () =>
        rt.decodeAddress(bytes("02180000 04000000 0900 0200 c000020201000000")),
    ],
    [
      "prefix of 33",
      () => rt.decodeAddress(bytes("02210000 04000000 0800 0200 c0000202")),
    ],
    [
      "MTU of 2 bytes",
      () => rt.decodeLink(bytes("00".repeat(16) + "06000400 0100 0000")),
    ],
    [
      "next hop of 4",
      () =>
        rt.decodeRoute(
          bytes("02000000 fe030001 00000000 0c000900 04000000 04000000"),
        ),
    ],
    ["error without number", () => decodeErrno(bytes("0000"))],
  ];
  for (const [name, decode] of cases) {
    await t.step(name, () => void assertThrows(decode, NetlinkError));
  }
});

Deno.test("netlink: no bytes make a decoder do more than refuse", () => {
  let state = 0x2545f491;
  const random = (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const seeds = [LINK, ADDRESS, ROUTE, MULTIPATH];
  const decoders = [rt.decodeLink, rt.decodeAddress, rt.decodeRoute];
  let refused = 0;
  for (let round = 0; round < 30_000; round++) {
    const seed = seeds[random(seeds.length)]!;
    const body = seed.slice(0, random(seed.length + 1));
    for (let n = random(4); n > 0 && body.length > 0; n--) {
      body[random(body.length)] = random(256);
    }
    for (const decode of decoders) {
      try {
        decode(body);
      } catch (thrown) {
        assert(thrown instanceof NetlinkError, `${thrown}`);
        refused++;
      }
    }
  }
  assert(refused > 1_000);
});
