/** The kubeconfig of a call: what is in it, for how long, and who has none. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { parse } from "@std/yaml";
import {
  effective,
  generateConfig,
  generateSecrets,
  type MachineType,
} from "#lib/config/mod.ts";
import { gunzip } from "#lib/gunzip.ts";
import { HOUR_MS, isSignedBy, readCertificate } from "#lib/pki/mod.ts";
import { readTar } from "#lib/tar/read.ts";
import { issueKubeconfig, KubeconfigError } from "./admin_kubeconfig.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const clock = { now: () => NOW };
const secrets = await generateSecrets({ clock, algorithm: "ECDSA-P256" });

function configOf(type: MachineType, certLifetime?: string) {
  const config = generateConfig(type, {
    clusterName: "test",
    endpoint: "https://10.5.0.1:6443",
  }, secrets);
  return effective({
    ...config,
    cluster: {
      ...config.cluster,
      ...certLifetime && { adminKubeconfig: { certLifetime } },
    },
  });
}

/** The kubeconfig that a control plane gives. */
// deno-lint-ignore no-explicit-any
async function issued(certLifetime?: string): Promise<any> {
  const config = configOf("controlplane", certLifetime);
  const archive = gunzip(await issueKubeconfig(config, clock), 1 << 20);
  const files = readTar(archive);
  assertEquals(files.map(({ path }) => path), ["kubeconfig"]);
  assertEquals(new TextDecoder().decode(archive.subarray(100, 107)), "0000600");
  return parse(new TextDecoder().decode(files[0]!.bytes));
}

Deno.test("the kubeconfig is that of an administrator at the endpoint", async () => {
  const { users, clusters, contexts, ...rest } = await issued();
  assertEquals(rest["current-context"], "admin@test");
  assertEquals(contexts[0].context, {
    cluster: "test",
    user: "admin@test",
    namespace: "default",
  });
  assertEquals(clusters[0].cluster.server, "https://10.5.0.1:6443");
  const ca = atob(clusters[0].cluster["certificate-authority-data"]);
  assertEquals(ca, secrets.kubernetesCa.crt);
  const crt = atob(users[0].user["client-certificate-data"]);
  assert(await isSignedBy(crt, ca));
  const { commonName, organizations, notAfter } = await readCertificate(crt);
  assertEquals([commonName, organizations], ["admin", ["system:masters"]]);
  assertEquals(notAfter, NOW + 8760 * HOUR_MS);
});

Deno.test("each has a key of its own, for as long as the config says", async () => {
  const [one, other] = [await issued("90m"), await issued("90m")];
  const crt = atob(one.users[0].user["client-certificate-data"]);
  assertEquals((await readCertificate(crt)).notAfter, NOW + 1.5 * HOUR_MS);
  const key = "client-key-data";
  assert(one.users[0].user[key] !== other.users[0].user[key]);
});

Deno.test("a worker has none, and nobody without a config", async () => {
  for (
    const [config, why] of [
      [configOf("join"), "this node is a worker"],
      [undefined, "this node has no config yet"],
    ] as const
  ) {
    const { problem } = await assertRejects(
      () => issueKubeconfig(config, clock),
      KubeconfigError,
      `Cannot make a kubeconfig: ${why}`,
    );
    assertEquals(problem.kind, "failedPrecondition");
  }
});
