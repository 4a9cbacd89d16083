/** Configs of local clusters. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { decode } from "#lib/config/mod.ts";
import { generateFiles } from "#lib/config/generate.ts";
import { generateSecrets } from "#lib/config/secrets.ts";
import { clusterConfigs, type ConfigOptions, configsFrom } from "./configs.ts";
import { planCluster } from "./plan.ts";

const PLAN = planCluster({
  name: "c",
  cidr: "10.9.0.0/24",
  mtu: 1500,
  masters: 2,
  workers: 1,
});

const OPTIONS: ConfigOptions = {
  "custom-cni-url": "",
  "dns-domain": "cluster.local",
  endpoint: "",
  "input-dir": "",
  "install-image": "",
  "kubernetes-version": "",
  nameservers: ["9.9.9.9"],
  "registry-mirror": [],
  "with-debug": false,
};

const SECRETS = await generateSecrets({ algorithm: "ECDSA-P256" });

Deno.test("configsFrom gives each node what the provisioner set up", () => {
  const configs = configsFrom(PLAN, OPTIONS, SECRETS);
  const [master, , worker] = PLAN.nodes.map((node) => {
    const { config, problems } = decode(configs.machine(node));
    assertEquals(problems, []);
    return config;
  });
  assertEquals(master?.machine?.type, "controlplane");
  assertEquals(master?.persist, false);
  assertEquals(master?.machine?.time?.servers, ["10.9.0.1"]);
  assertEquals(master?.machine?.certSANs, [
    "10.9.0.1",
    "10.9.0.2",
    "10.9.0.3",
  ]);
  assertEquals(master?.machine?.network?.nameservers, ["9.9.9.9"]);
  assertEquals(
    master?.machine?.network?.interfaces?.map((each) => [
      each.interface,
      each.ignore,
    ]),
    [["eth0", true]],
  );
  assertEquals(
    master?.cluster?.controlPlane?.endpoint,
    "https://10.9.0.1:6443",
  );
  assertEquals(worker?.machine?.type, "join");
  assert(!configs.machine(PLAN.nodes[2]!).includes("etcd"), "etcd of a worker");
  assertEquals(configs.context.endpoints, ["10.9.0.2", "10.9.0.3"]);
});

Deno.test("configsFrom needs no balancer for one control plane", () => {
  const nodes = [PLAN.nodes[0]!, PLAN.nodes[2]!];
  const configs = configsFrom({ ...PLAN, nodes }, OPTIONS, SECRETS);
  const { config } = decode(configs.machine(nodes[1]!));
  assertEquals(
    config?.cluster?.controlPlane?.endpoint,
    "https://10.9.0.2:6443",
  );
});

Deno.test("configsFrom lets an endpoint take the control planes' place", () => {
  const options = { ...OPTIONS, endpoint: "cluster.example" };
  const configs = configsFrom(PLAN, options, SECRETS);
  const { config } = decode(configs.machine(PLAN.nodes[0]!));
  const { machine, cluster } = config ?? {};
  assertEquals(machine?.certSANs, ["cluster.example"]);
  assertEquals(
    cluster?.controlPlane?.endpoint,
    "https://cluster.example:6443",
  );
  assertEquals(configs.context.endpoints, ["cluster.example"]);
});

Deno.test("clusterConfigs takes the files of gen config as they are", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const options = { ...OPTIONS, "input-dir": dir };
    await assertRejects(
      () => clusterConfigs(PLAN, options),
      Deno.errors.NotFound,
    );
    const input = { clusterName: "given", endpoint: "https://h:6443" };
    const files = generateFiles(input, SECRETS);
    for (const { name, text } of files) {
      await Deno.writeTextFile(join(dir, name), text);
    }
    const configs = await clusterConfigs(PLAN, options);
    const types = PLAN.nodes.map(configs.machine);
    const given = (name: string) => files.find((f) => f.name === name)?.text;
    assertEquals(types[0], given("controlplane.yaml"));
    assertEquals(types[2], given("join.yaml"));
    assertEquals(configs.context.endpoints, ["10.9.0.2", "10.9.0.3"]);
    assertEquals(configs.tls.crt, SECRETS.admin.crt);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
