/** The output of `cluster show`. */
import { assertEquals } from "@std/assert";
import { planCluster } from "../provision/plan.ts";
import { renderCluster } from "./cluster.ts";

Deno.test("renderCluster prints the cluster, then its nodes", () => {
  const plan = planCluster({
    name: "talos-default",
    cidr: "10.5.0.0/24",
    mtu: 1500,
    masters: 1,
    workers: 1,
  });
  const nodes = plan.nodes.map((n) => ({ ...n, memoryMiB: 2048, cpus: 2 }));
  const text = renderCluster({
    ...plan,
    nodes,
    provisioner: "container",
    status: "running",
    image: "/image",
  });
  assertEquals(
    text,
    `PROVISIONER       container
NAME              talos-default
NETWORK NAME      talos3d3a9d82
NETWORK CIDR      10.5.0.0/24
NETWORK GATEWAY   10.5.0.1
NETWORK MTU       1500

NODES:

NAME                     TYPE           IP         CPU    RAM      DISK
talos-default-master-1   controlplane   10.5.0.2   2.00   2.1 GB   -
talos-default-worker-1   join           10.5.0.3   2.00   2.1 GB   -
`,
  );
});
