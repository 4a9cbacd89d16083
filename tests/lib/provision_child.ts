/**
 * Creates a local cluster in a process of its own, so that a test can kill it
 * half-way: `provision_child.ts STATE NAME CIDR IMAGE KEYS`. The nodes get a config
 * that is none: whether they boot is not the question here.
 */
import {
  ContainerProvisioner,
} from "../../services/talosctl/provision/container.ts";
import { planCluster } from "../../services/talosctl/provision/plan.ts";
import type {
  ClusterRecord,
  ClusterRequest,
  ImageSource,
  Report,
} from "../../services/talosctl/provision/provision.ts";

/** Makes the cluster; without machine configs worth the name. */
export async function createBare(
  options:
    & ImageSource
    & Pick<ClusterRequest, "images">
    & { state: string; name: string; cidr: string },
  report: Report = () => {},
): Promise<ClusterRecord> {
  const { state, name, cidr, image, keys, images } = options;
  const plan = planCluster({ name, cidr, mtu: 1400, masters: 1, workers: 1 });
  const nodes = plan.nodes.map((node) => ({
    ...node,
    memoryMiB: 512,
    cpus: 1,
    config: "none: true\n",
  }));
  const provisioner = new ContainerProvisioner(state);
  const request = { ...plan, image, keys, nodes, ...images && { images } };
  return await provisioner.create(request, report);
}

if (import.meta.main) {
  const [state = "", name = "", cidr = "", image = "", keys = ""] = Deno.args;
  await createBare({ state, name, cidr, image, keys });
}
