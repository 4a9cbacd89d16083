/** What an upgrade of Kubernetes still has to do, and what it refuses. */
import { assertEquals, assertThrows } from "@std/assert";
import { COMPONENTS } from "#lib/kube/control_plane.ts";
import {
  checkedRequest,
  remainingSteps,
  type SeenControlPlane,
  UpgradeRefused,
} from "./upgrade_plan.ts";

function seen(
  node: string,
  [apiServer, controllerManager, scheduler]: readonly (string | undefined)[],
): SeenControlPlane {
  return {
    node,
    address: "10.5.0.2",
    versions: {
      ...apiServer !== undefined && { "kube-apiserver": apiServer },
      "kube-controller-manager": controllerManager ?? apiServer ?? "",
      "kube-scheduler": scheduler ?? apiServer ?? "",
    },
  };
}

/** The steps as lines. */
function plan(
  controlPlanes: readonly SeenControlPlane[],
  { to = "v1.37.2", from = "", proxy = "v1.37.1" } = {},
): string[] {
  return remainingSteps({ controlPlanes, proxy }, checkedRequest({ to, from }))
    .map(({ node, component, from }) => `${node} ${component} ${from}`);
}

Deno.test("upgrade: one control plane at a time, kube-proxy last", () => {
  const both = [seen("m-1", ["v1.37.1"]), seen("m-2", ["v1.37.1"])];
  const all = [
    "m-1 kube-apiserver v1.37.1",
    "m-1 kube-controller-manager v1.37.1",
    "m-1 kube-scheduler v1.37.1",
    "m-2 kube-apiserver v1.37.1",
    "m-2 kube-controller-manager v1.37.1",
    "m-2 kube-scheduler v1.37.1",
    " kube-proxy v1.37.1",
  ];
  assertEquals(plan(both), all);
  assertEquals(plan(both, { to: "1.37.2", from: "1.37.1" }), all);
});

Deno.test("upgrade: asked for again, it goes on where it was", () => {
  const names = ["m-1", "m-2", "m-3"];
  const request = { to: "v1.37.2", from: "v1.37.1" };
  const whole = remainingSteps({
    controlPlanes: names.map((name) => seen(name, ["v1.37.1"])),
    proxy: "v1.37.1",
  }, request);
  assertEquals(whole.length, 10);
  for (let count = 0; count <= whole.length; count++) {
    const done = whole.slice(0, count);
    const tagOf = (node: string, component: string) =>
      done.some((one) => one.node === node && one.component === component)
        ? "v1.37.2"
        : "v1.37.1";
    const controlPlanes = names.map((name) =>
      seen(name, COMPONENTS.map((component) => tagOf(name, component)))
    );
    const now = { controlPlanes, proxy: tagOf("", "kube-proxy") };
    assertEquals(remainingSteps(now, request), whole.slice(count));
  }
});

Deno.test("upgrade: what is not there is not changed", () => {
  const controlPlanes = [seen("m-1", ["v1.37.2"])];
  assertEquals(
    remainingSteps({ controlPlanes }, { to: "v1.37.2", from: "" }),
    [],
  );
});

Deno.test("upgrade: what it refuses, word for word", async (t) => {
  const cases: [string, Parameters<typeof plan>, string][] = [
    [
      "a way back",
      [[seen("m-1", ["v1.37.3"])]],
      "kube-apiserver of m-1 runs v1.37.3, which is newer than v1.37.2: there is no way back",
    ],
    [
      "two minors at once",
      [[seen("m-1", ["v1.35.9"])]],
      "kube-apiserver of m-1 runs v1.35.9, and v1.37.2 is more than one minor release away: go by v1.36 first",
    ],
    [
      "what is no release",
      [[seen("m-1", ["latest"])]],
      'kube-apiserver of m-1 runs "latest", which is not a release',
    ],
    [
      "a pod that is not there",
      [[seen("m-1", [undefined, "v1.37.1", "v1.37.1"])]],
      "kube-apiserver of m-1 has no pod",
    ],
    [
      "another start than was said",
      [[seen("m-1", ["v1.37.1"])], { from: "v1.37.0" }],
      "kube-apiserver of m-1 runs v1.37.1, not v1.37.0",
    ],
    [
      "kube-proxy",
      [[seen("m-1", ["v1.37.2"])], { proxy: "v1.37.3" }],
      "kube-proxy runs v1.37.3, which is newer than v1.37.2: there is no way back",
    ],
  ];
  for (const [name, args, why] of cases) {
    await t.step(name, () => {
      const thrown = assertThrows(() => plan(...args), UpgradeRefused);
      assertEquals(thrown.message, `Cannot upgrade Kubernetes: ${why}`);
      assertEquals(thrown.problem.kind, "failedPrecondition");
    });
  }
  await t.step("words", () => {
    const thrown = assertThrows(
      () => plan([], { to: "newest" }),
      UpgradeRefused,
      'the release to go to is "newest", which is not a release of Kubernetes (like v1.37.2)',
    );
    assertEquals(thrown.problem.kind, "invalidArgument");
  });
});
