/** Archives that nodes send: the right one, and what else may come. */
import { assertEquals, assertRejects } from "@std/assert";
import { stringify } from "@std/yaml";
import { gzipSync } from "node:zlib";
import { concatBytes } from "#lib/bytes.ts";
import { AgentError } from "#lib/errors.ts";
import { serverOf } from "#lib/kube/cluster_access.ts";
import { TAR_END, tarFile, tarHeader } from "#lib/tar/header.ts";
import { accessIn } from "./kubeconfig_archive.ts";

const pem = (label: string) => `-----BEGIN ${label}-----\nAAAA\n`;
const SERVER = {
  url: "https://10.5.0.1:6443",
  ...{ ca: pem("CERTIFICATE"), crt: pem("CERTIFICATE") },
  key: pem("PRIVATE KEY"),
};
const TEXT = stringify({
  clusters: [{
    name: "c",
    cluster: {
      server: `${SERVER.url}/`,
      "certificate-authority-data": btoa(SERVER.ca),
    },
  }],
  users: [{
    name: "u",
    user: {
      "client-certificate-data": btoa(SERVER.crt),
      "client-key-data": btoa(SERVER.key),
    },
  }],
  contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
  "current-context": "x",
});

const file = (path: string, text: string) =>
  tarFile({ path, mode: 0o600 }, new TextEncoder().encode(text));
const pack = (...members: Uint8Array[]) =>
  new Uint8Array(gzipSync(concatBytes([...members, TAR_END])));

const GOOD = pack(file("/kubeconfig", TEXT));

/** One byte a piece. */
async function* trickle(bytes: Uint8Array) {
  for (const byte of bytes) yield new Uint8Array([byte]);
}

Deno.test("accessIn reads what a node sends, in any pieces", async () => {
  assertEquals(serverOf(await accessIn(trickle(GOOD))), SERVER);
});

Deno.test("accessIn refuses", async (t) => {
  const link = tarHeader({ path: "/kubeconfig", kind: "symlink", target: "/" });
  const only = 'expected "kubeconfig" as the only file in it';
  const cases: Record<string, [Uint8Array, string]> = {
    "another file": [pack(file("/passwd", TEXT)), only],
    "one above": [pack(file("../kubeconfig", TEXT)), only],
    "one more": [pack(file("/kubeconfig", TEXT), file("/b", "")), only],
    "none": [pack(), only],
    "a link": [pack(link), "neither a file nor a directory"],
    "a bomb": [
      pack(file("/kubeconfig", "x".repeat(1 << 20))),
      "unpacks to more than 262144 bytes",
    ],
    "too many bytes": [new Uint8Array(65_537), "more than 65536 bytes"],
    "half of it": [GOOD.subarray(0, GOOD.length / 2), "broken gzip"],
    "no gzip": [new TextEncoder().encode("kubeconfig"), "broken gzip"],
    "nothing": [new Uint8Array(), "broken gzip"],
    "no kubeconfig": [
      pack(file("/kubeconfig", "a: 1")),
      "kubeconfig: current-context: required",
    ],
  };
  for (const [name, [bytes, text]] of Object.entries(cases)) {
    await t.step(name, async () => {
      await assertRejects(() => accessIn(trickle(bytes)), AgentError, text);
    });
  }
});
