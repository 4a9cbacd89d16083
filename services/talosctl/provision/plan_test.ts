/** Names and addresses of local clusters. */
import { assertEquals, assertThrows } from "@std/assert";
import { clusterId, planCluster, PlanError } from "./plan.ts";

const SHAPE = {
  name: "talos-default",
  cidr: "10.5.0.0/24",
  mtu: 1500,
  masters: 1,
  workers: 1,
};

Deno.test("planCluster names and numbers as the seed era did", () => {
  assertEquals(planCluster(SHAPE), {
    name: "talos-default",
    id: "talos3d3a9d82",
    network: {
      bridge: "talos3d3a9d82",
      cidr: "10.5.0.0/24",
      gateway: "10.5.0.1",
      prefix: 24,
      mtu: 1500,
    },
    nodes: [
      {
        name: "talos-default-master-1",
        type: "controlplane",
        ip: "10.5.0.2",
        link: "talos3d3a9d8200",
      },
      {
        name: "talos-default-worker-1",
        type: "join",
        ip: "10.5.0.3",
        link: "talos3d3a9d8201",
      },
    ],
  });
});

Deno.test("planCluster puts masters first, links stay within 15 characters", () => {
  const plan = planCluster({ ...SHAPE, masters: 3, workers: 40 });
  assertEquals(plan.nodes[2]!.name, "talos-default-master-3");
  assertEquals(plan.nodes[3]!.name, "talos-default-worker-1");
  assertEquals(plan.nodes[42]!.ip, "10.5.0.44");
  assertEquals(plan.nodes[42]!.link, `${clusterId(SHAPE.name)}16`);
  assertEquals(plan.nodes.filter((node) => node.link.length > 15), []);
});

const REFUSED: Record<string, [Partial<typeof SHAPE>, string]> = {
  "a path as name": [{ name: "../x" }, 'Cannot use "../x" as the name'],
  "an empty name": [{ name: "" }, 'Cannot use "" as the name'],
  "no CIDR": [{ cidr: "10.5.0.0" }, 'Cannot use "10.5.0.0" as the network'],
  "a large octet": [{ cidr: "10.5.0.256/24" }, "as the network"],
  "IPv6": [{ cidr: "fd00::/64" }, "as the network"],
  "no nodes": [{ masters: 0, workers: 0 }, "Cannot place 0 nodes"],
  "too many": [{ cidr: "10.5.0.0/29", workers: 5 }, "there is room for 5"],
};

Deno.test("planCluster refuses what cannot be", async (t) => {
  for (const [name, [change, part]] of Object.entries(REFUSED)) {
    await t.step(name, () => {
      assertThrows(() => planCluster({ ...SHAPE, ...change }), PlanError, part);
    });
  }
});
