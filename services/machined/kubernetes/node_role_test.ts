/** What is changed at a node, and what is left. */
import { assertEquals } from "@std/assert";
import type { KubeNode, Taint } from "#lib/kube/resources.ts";
import { roleChange } from "./node_role.ts";

const ROLE = "node-role.kubernetes.io/control-plane";
const MASTER = "node-role.kubernetes.io/master";
const OTHER: Taint = { key: "mine", value: "x", effect: "NoExecute" };

function nodeWith(labels: Record<string, string>, taints: Taint[]): KubeNode {
  return {
    ...{ apiVersion: "v1", kind: "Node" },
    metadata: { name: "a", resourceVersion: "7", labels },
    spec: { taints },
  };
}

function taintsAfter(node: KubeNode, schedulable: boolean) {
  const change = roleChange(node, { schedulable });
  return (change as { spec: { taints: Taint[] } } | undefined)?.spec.taints;
}

Deno.test("role: labelled and tainted, taints of others stay", () => {
  const fresh = nodeWith({}, [OTHER]);
  assertEquals(roleChange(fresh, { schedulable: false }), {
    metadata: { resourceVersion: "7", labels: { [ROLE]: "", [MASTER]: "" } },
    spec: { taints: [OTHER, { key: ROLE, effect: "NoSchedule" }] },
  });
});

Deno.test("role: schedulable takes the taint away, the old one too", () => {
  const labels = { [ROLE]: "", [MASTER]: "" };
  const old = nodeWith(labels, [{ key: MASTER, effect: "NoSchedule" }, OTHER]);
  assertEquals(taintsAfter(old, true), [OTHER]);
  assertEquals(taintsAfter(old, false), undefined);
  assertEquals(taintsAfter(nodeWith(labels, [OTHER]), true), undefined);
});
