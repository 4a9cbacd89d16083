/**
 * Machine configs of a local cluster that are not as `cluster create` makes
 * them: the files that its `--input-dir` takes.
 */
import { join } from "@std/path";
import { encodeTalosconfig } from "#lib/config/mod.ts";
import { generateSecrets } from "#lib/config/secrets.ts";
import { configsFrom } from "../../services/talosctl/provision/configs.ts";
import { planCluster } from "../../services/talosctl/provision/plan.ts";
import { withLocalMirrors } from "../../services/talosctl/provision/registry.ts";
import type { ClusterOptions } from "./cluster.ts";

/** Writes the files into `dir`, each as `change` makes it. */
export async function writeConfigDir(
  dir: string,
  { name, cidr, masters = 1, workers = 1 }: ClusterOptions,
  change: (text: string) => string,
): Promise<void> {
  const plan = planCluster({ name, cidr, masters, workers, mtu: 1500 });
  const configs = configsFrom(plan, {
    ...{ "custom-cni-url": "", endpoint: "", "input-dir": "" },
    ...{ "install-image": "", "kubernetes-version": "" },
    // Where nobody answers at once: nothing waits for a name of the internet.
    nameservers: [plan.network.gateway],
    "dns-domain": "cluster.local",
    "registry-mirror": withLocalMirrors([], plan.network.gateway),
    ...{ "with-debug": false, balanced: true },
  }, await generateSecrets({ algorithm: "ECDSA-P256" }));
  for (const type of ["init", "controlplane", "join"] as const) {
    const text = configs.machine({ ...plan.nodes[0]!, type });
    await Deno.writeTextFile(join(dir, `${type}.yaml`), change(text));
  }
  const { context } = configs;
  const talosconfig = { context: name, contexts: { [name]: context } };
  await Deno.writeTextFile(
    join(dir, "talosconfig"),
    encodeTalosconfig(talosconfig),
  );
}
