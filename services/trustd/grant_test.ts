/** What is granted, dropped and refused. */
import { assertEquals, assertThrows } from "@std/assert";
import { type Asked, grant, GrantError, type Reserved } from "./grant.ts";

const RESERVED: Reserved = {
  all: ["10.5.0.2", "fd00:0::2", "master-1", "Api.Example.org", "10.5.0.100"],
  dnsDomain: "cluster.local",
};

interface Case {
  readonly name: string;
  readonly asked: Partial<Asked>;
  readonly peer?: string;
  readonly granted?: { names?: string[]; addresses?: string[] };
  readonly dropped?: string[];
  readonly refused?: string;
}

const OWN = ["10.5.0.3"];
const CASES: Case[] = [
  {
    name: "its own address and names",
    asked: { addresses: OWN, names: ["worker-1", "worker-1.example"] },
    granted: { addresses: OWN, names: ["worker-1", "worker-1.example"] },
  },
  {
    name: "IPv6, however it is written",
    asked: { addresses: ["fd00:0:0:0::3"] },
    peer: "fd00::3",
    granted: { addresses: ["fd00::3"] },
  },
  {
    name: "addresses that it does not come from",
    asked: { addresses: [...OWN, "10.5.0.4", "10.5.0.2", "127.0.0.1"] },
    granted: { addresses: OWN },
    dropped: ["10.5.0.4", "10.5.0.2", "127.0.0.1"],
  },
  {
    name: "names of a control plane",
    asked: {
      addresses: OWN,
      names: ["master-1", "MASTER-1.", "api.example.ORG", "worker-1"],
    },
    granted: { addresses: OWN, names: ["worker-1"] },
    dropped: ["master-1", "MASTER-1.", "api.example.ORG"],
  },
  {
    name: "names of Kubernetes and of everybody",
    asked: {
      addresses: OWN,
      names: [
        "localhost",
        "a.localhost",
        "kubernetes",
        "kubernetes.default.svc",
        "x.cluster.local",
        "a.svc",
      ],
    },
    granted: { addresses: OWN },
    dropped: [
      "localhost",
      "a.localhost",
      "kubernetes",
      "kubernetes.default.svc",
      "x.cluster.local",
      "a.svc",
    ],
  },
  {
    name: "what is no host name",
    asked: {
      addresses: OWN,
      names: [
        "*.example",
        "",
        "a..b",
        "-a",
        "a_b",
        "10.5.0.2",
        "1",
        "a\nb",
        "a".repeat(64),
        "ä",
      ],
    },
    granted: { addresses: OWN },
    dropped: [
      "*.example",
      "",
      "a..b",
      "-a",
      "a_b",
      "10.5.0.2",
      "1",
      "a\nb",
      "a".repeat(64),
      "ä",
    ],
  },
  {
    name: "more names than a host has",
    asked: { addresses: OWN, names: [..."abcdefghij"] },
    granted: { addresses: OWN, names: [..."abcdefgh"] },
    dropped: ["i", "j"],
  },
  {
    name: "not its own address",
    asked: { addresses: ["10.5.0.2"] },
    refused: 'comes from "10.5.0.3" but names "10.5.0.2"',
  },
  { name: "no address", asked: { names: ["w"] }, refused: "but names none" },
  {
    name: "from a control plane",
    asked: { addresses: ["10.5.0.2"] },
    peer: "10.5.0.2",
    refused: "a control plane's",
  },
  {
    name: "from a control plane, IPv6",
    asked: { addresses: ["fd00::2"] },
    peer: "fd00::2%eth0",
    refused: "a control plane's",
  },
  {
    name: "from the node itself",
    asked: { addresses: ["127.0.0.1"] },
    peer: "127.0.0.1",
    refused: "this node's",
  },
  {
    name: "from nowhere",
    asked: { addresses: [""] },
    peer: "",
    refused: "no certificate is signed",
  },
];

Deno.test("what a request gets", async (t) => {
  for (const one of CASES) {
    await t.step(one.name, () => {
      const asked = { names: [], addresses: [], ...one.asked };
      const run = () => grant(asked, one.peer ?? "10.5.0.3", RESERVED);
      if (one.refused) {
        assertThrows(run, GrantError, one.refused);
        return;
      }
      assertEquals(run(), {
        names: one.granted?.names ?? [],
        addresses: one.granted?.addresses ?? [],
        dropped: one.dropped ?? [],
      });
    });
  }
});
