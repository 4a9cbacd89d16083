/** Addresses as text and bytes. */
import { assertEquals } from "@std/assert";
import {
  canonicalAddress,
  formatIp,
  formatPrefix,
  networkOf,
  parseIp,
  parsePrefix,
  peerOf,
  rangesOverlap,
} from "./ip.ts";

Deno.test("ip: text to bytes and back", async (t) => {
  const cases: [string, string, string?][] = [
    ["10.5.0.2", "0a050002"],
    ["255.255.255.255", "ffffffff"],
    ["::", "00".repeat(16)],
    ["::1", "00".repeat(15) + "01"],
    ["fd00::1", "fd00" + "00".repeat(13) + "01"],
    ["2001:db8::", "20010db8" + "00".repeat(12)],
    // The first of two equal runs is shortened, one group alone is not.
    [
      "2001:db8:0:0:1:0:0:1",
      "20010db8000000000001000000000001",
      "2001:db8::1:0:0:1",
    ],
    ["1:0:2:3:4:5:6:7", "00010000000200030004000500060007"],
    ["FE80::ABCD", "fe80" + "00".repeat(12) + "abcd", "fe80::abcd"],
    ["::ffff:10.0.0.1", "00".repeat(10) + "ffff0a000001"],
    [
      "64:ff9b::1.2.3.4",
      "0064ff9b" + "00".repeat(8) + "01020304",
      "64:ff9b::102:304",
    ],
  ];
  for (const [text, hex, canonical = text] of cases) {
    await t.step(text, () => {
      assertEquals(parseIp(text)?.toHex(), hex);
      assertEquals(formatIp(Uint8Array.fromHex(hex)), canonical);
    });
  }
});

Deno.test("ip: what is no address or prefix", () => {
  for (
    const text of ["", "10.5.0", "10.5.0.256", "1::2::3", "fe80::1%eth0", "a"]
  ) {
    assertEquals(parseIp(text), undefined, text);
  }
  for (
    const text of [
      "10.0.0.1",
      "10.0.0.1/33",
      "::/129",
      "/8",
      "10.0.0.1/-1",
      "10.0.0.1/8/8",
    ]
  ) {
    assertEquals(parsePrefix(text), undefined, text);
  }
  assertEquals(formatIp(new Uint8Array(5)), "");
});

Deno.test("ip: network and broadcast of a prefix", () => {
  const of = (text: string, bits: 0 | 1) =>
    formatPrefix(networkOf(parsePrefix(text)!, bits));
  assertEquals(of("10.5.1.130/23", 0), "10.5.0.0/23");
  assertEquals(of("10.5.1.130/23", 1), "10.5.1.255/23");
  assertEquals(of("10.5.1.130/32", 0), "10.5.1.130/32");
  assertEquals(of("10.5.1.130/0", 1), "255.255.255.255/0");
  assertEquals(of("fd00:1:2:3::9/64", 0), "fd00:1:2:3::/64");
});

Deno.test("ip: one text for an address, so that texts compare", () => {
  for (
    const [text, canonical] of [
      ["FD00:0:0::0003", "fd00::3"],
      ["10.5.0.2", "10.5.0.2"],
      ["fe80::1%eth0", "fe80::1%eth0"],
      ["Worker-1", "Worker-1"],
    ] as const
  ) {
    assertEquals(canonicalAddress(text), canonical);
  }
});

Deno.test("ip: an IPv6 network is one peer, an IPv4 address is one", () => {
  assertEquals(peerOf("fd00:0:0:1::2"), peerOf("fd00:0:0:1:ffff::9"));
  assertEquals(peerOf("fd00:0:0:1::2"), "fd00000000000001");
  assertEquals(peerOf("10.5.0.2"), "10.5.0.2");
  assertEquals(peerOf("::ffff:10.5.0.2"), "10.5.0.2");
  assertEquals(peerOf(""), "");
});

Deno.test("ip: ranges overlap by the larger one, in one family only", () => {
  for (
    const [left, right, expected] of [
      ["10.5.0.0/24", "10.0.0.0/8", true],
      ["10.5.0.7/32", "10.5.0.0/24", true],
      ["10.5.0.0/24", "10.5.1.0/24", false],
      ["0.0.0.0/0", "::/0", false],
      ["fd00::/64", "fd00::1:0/112", true],
      ["10.5.0.0/24", "10.5.0.0", false],
    ] as const
  ) {
    assertEquals(rangesOverlap(left, right), expected, `${left} ${right}`);
  }
});
