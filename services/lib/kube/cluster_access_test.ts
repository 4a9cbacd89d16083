/** What is believed of a node's kubeconfig. */
import { assertEquals, assertThrows } from "@std/assert";
import { stringify } from "@std/yaml";
import { ConfigError } from "../config/problem.ts";
import { readClusterAccess } from "./cluster_access.ts";

const pem = (label: string) =>
  btoa(`-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`);
const CRT = pem("CERTIFICATE");
const KEY = pem("PRIVATE KEY");

const CONFIG = {
  "current-context": "b",
  clusters: [{
    name: "c",
    cluster: {
      server: "https://10.5.0.1:6443",
      "certificate-authority-data": CRT,
    },
  }],
  users: [
    { name: "u0", user: { token: "t" } },
    {
      name: "u",
      user: { "client-certificate-data": CRT, "client-key-data": KEY },
    },
  ],
  contexts: [
    { name: "a", context: { cluster: "x", user: "y" } },
    { name: "b", context: { cluster: "c", user: "u" } },
  ],
};

const read = (config: unknown) => readClusterAccess(stringify(config), "its");

Deno.test("the current context, and nothing that is not data", () => {
  const wanted = {
    ...{ context: "b", cluster: "c", user: "u" },
    server: "https://10.5.0.1:6443",
    ...{ ca: CRT, crt: CRT, key: KEY },
  };
  assertEquals(read(CONFIG), wanted);
  const [first, second] = CONFIG.users;
  const exec = { command: "/bin/sh" };
  const users = [first, { ...second, user: { ...second!.user, exec } }];
  assertEquals(read({ ...CONFIG, users }), wanted);
});

/** CONFIG with another user u, cluster c or context b. */
const user = (of: object) => ({ ...CONFIG, users: [{ name: "u", user: of }] });
const cluster = (of: object) => ({
  ...CONFIG,
  clusters: [{
    name: "c",
    cluster: { ...CONFIG.clusters[0]!.cluster, ...of },
  }],
});
const context = (of: unknown) => ({
  ...CONFIG,
  contexts: [{ name: "b", context: of }],
});

Deno.test("what is absent or unsound is refused", async (t) => {
  const pair = CONFIG.users[1]!.user;
  const secret = btoa("hush");
  const cases: Record<string, [unknown, string]> = {
    "nothing": [null, "its: current-context: required"],
    "no context": [{ ...CONFIG, "current-context": "z" }, "contexts: required"],
    "an empty context": [
      context({ user: "u" }),
      "contexts.context.cluster: required",
    ],
    "nothing for a context": [context(null), "its: contexts: required"],
    "a name for a terminal": [
      context({ cluster: "\u001b[2J", user: "u" }),
      "contexts.context.cluster: not a name",
    ],
    "another cluster": [
      context({ cluster: "z", user: "u" }),
      "clusters.cluster.server: required",
    ],
    "no URL": [cluster({ server: "file:///etc/passwd" }), "not an https URL"],
    "a server without TLS": [
      cluster({ server: "http://10.5.0.1:6443" }),
      "clusters.cluster.server: not an https URL",
    ],
    "a namespace of several words": [
      context({ cluster: "c", user: "u", namespace: "a b" }),
      "contexts.context.namespace: not a name",
    ],
    "a CA that is a file": [
      cluster({
        "certificate-authority-data": undefined,
        "certificate-authority": "/ca",
      }),
      "clusters.cluster.certificate-authority-data: required",
    ],
    "a CA that is none": [
      cluster({ "certificate-authority-data": KEY }),
      "expected base64 of a PEM CERTIFICATE",
    ],
    "a program to run": [
      user({ exec: { command: "/bin/sh" } }),
      "users.user.client-certificate-data: required",
    ],
    "a key that is a file": [
      user({ ...pair, "client-key-data": undefined, "client-key": "/key" }),
      "users.user.client-key-data: required",
    ],
  };
  for (const [name, [config, text]] of Object.entries(cases)) {
    await t.step(name, () => {
      assertThrows(() => read(config), ConfigError, text);
    });
  }
  await t.step("a key that is none, without showing it", () => {
    const { message } = assertThrows(
      () => read(user({ ...pair, "client-key-data": secret })),
      ConfigError,
      "expected base64 of a PEM PRIVATE KEY",
    );
    assertEquals(message.includes(secret), false);
  });
  await t.step("more than one cluster needs", () => {
    const text = `a: ${"x".repeat(128 << 10)}`;
    const all = () => readClusterAccess(text, "its");
    assertThrows(all, ConfigError, "larger than the limit of 131072 bytes");
  });
});
