/** Registries of the machine config as containerd's files. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  criAuths,
  type Registries,
  registryAuth,
  registryFiles,
} from "./registries.ts";

const CA = "-----BEGIN CERTIFICATE-----\nca\n";

const REGISTRIES: Registries = {
  mirrors: {
    "*": { endpoints: ["http://10.5.0.1:5000"] },
    "docker.io": {
      endpoints: ["https://mirror.local:5000/proxy", "https://plain.local/"],
    },
  },
  config: {
    "mirror.local:5000": {
      tls: {
        ca: CA,
        clientIdentity: { crt: "crt", key: "key" },
        insecureSkipVerify: false,
      },
      auth: { username: "u", password: "p" },
    },
    "docker.io": { auth: { auth: btoa("me:se:cret") } },
    "token.local": { auth: { identityToken: "t" } },
    "bad.local": { tls: { insecureSkipVerify: true }, auth: { auth: "%" } },
  },
};

/** The hosts.toml that leads to the mirror of everything. */
const ANY = `[host."http://10.5.0.1:5000"]
capabilities = ["pull", "resolve"]
`;

Deno.test("registryFiles() writes a directory for each host", () => {
  const files = Object.fromEntries(
    registryFiles(REGISTRIES).map(({ path, text }) => [path, text]),
  );
  assertEquals(files, {
    "_default/hosts.toml": ANY,
    "bad.local/hosts.toml": `skip_verify = true\n\n${ANY}`,
    "docker.io/hosts.toml": `[host."https://mirror.local:5000/proxy"]
capabilities = ["pull", "resolve"]
override_path = true
ca = "../mirror.local:5000/ca.crt"
client = [["../mirror.local:5000/client.crt", "../mirror.local:5000/client.key"]]

[host."https://plain.local"]
capabilities = ["pull", "resolve"]
`,
    "mirror.local:5000/ca.crt": CA,
    "mirror.local:5000/client.crt": "crt",
    "mirror.local:5000/client.key": "key",
    "mirror.local:5000/hosts.toml": `ca = "ca.crt"
client = [["client.crt", "client.key"]]

${ANY}`,
    "token.local/hosts.toml": ANY,
  });
});

Deno.test("registryFiles() is nothing for nothing, and no path leads out", () => {
  assertEquals(registryFiles({}), []);
  for (const host of ["..", "a/b", ""]) {
    assertThrows(() => registryFiles({ mirrors: { [host]: {} } }));
  }
});

Deno.test("registryAuth() finds what a host is told", () => {
  const auth = (host: string) => registryAuth(REGISTRIES, host);
  assertEquals(auth("mirror.local:5000"), { username: "u", password: "p" });
  assertEquals(auth("docker.io"), { username: "me", password: "se:cret" });
  assertEquals(auth("registry-1.docker.io"), auth("docker.io"));
  assertEquals(auth("token.local"), { identityToken: "t" });
  assertEquals(auth("bad.local"), {});
  assertEquals(auth("elsewhere"), undefined);
});

Deno.test("criAuths() knows docker.io by both of its names", () => {
  const auths = criAuths(REGISTRIES);
  assertEquals(Object.keys(auths).sort(), [
    "bad.local",
    "docker.io",
    "mirror.local:5000",
    "registry-1.docker.io",
    "token.local",
  ]);
  assertEquals(auths["token.local"]?.identitytoken, "t");
});
