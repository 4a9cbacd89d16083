/** The order in which a control plane is put in place and changed. */
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { effective, generateConfig, generateSecrets } from "#lib/config/mod.ts";
import { KubeClient } from "#lib/kube/client.ts";
import { createLogger } from "#lib/log.ts";
import { MemoryFiles } from "../files.ts";
import { FakeClock } from "../supervisor/fake.ts";
import type { KubernetesInput } from "./input.ts";
import { rollOut, RolloutError } from "./rollout.ts";
import { CONFIG_DIGEST } from "./static_pod.ts";

const signal = new AbortController().signal;
const secrets = await generateSecrets({ algorithm: "ECDSA-P256" });
const PREFIX = "/etc/kubernetes/manifests/talos-";

function inputOf(v: string): KubernetesInput {
  const config = effective(generateConfig("controlplane", {
    clusterName: "test",
    endpoint: "https://10.5.0.1:6443",
  }, secrets)) as
    & { cluster: Record<string, { extraArgs?: unknown }> }
    & KubernetesInput["config"];
  for (const part of ["apiServer", "controllerManager", "scheduler"]) {
    config.cluster[part]!.extraArgs = { v };
  }
  return {
    ...{ config, hostname: "test-1", addresses: ["10.5.0.2"] },
    mode: "container",
  };
}

/** A kubelet: what lies in the directory runs, unless it is `broken`. */
function node(broken: string[] = []) {
  const files = new MemoryFiles();
  const asked: string[] = [];
  const client = new KubeClient({
    send({ path }) {
      asked.push(path);
      if (path === "/readyz") {
        const answers = asked.length > 2;
        const { body } = new Response("ok");
        return Promise.resolve({ status: answers ? 200 : 503, body });
      }
      const name = /pods\/(.*)-test-1$/.exec(path)![1]!;
      const text = files.files.get(`${PREFIX}${name}.yaml`)!.text;
      const digest = new RegExp(`${CONFIG_DIGEST}: (\\w+)`).exec(text)![1];
      const status = broken.includes(name) ? "False" : "True";
      const pod = {
        metadata: {
          name,
          annotations: {
            [CONFIG_DIGEST]: digest,
            "kubernetes.io/config.hash": name,
          },
        },
        status: {
          conditions: [{ type: "Ready", status }],
          containerStatuses: status === "True" ? [{ name, state: {} }] : [{
            name,
            state: { waiting: { reason: "ErrImagePull", message: "404" } },
          }],
        },
      };
      const { body } = new Response(JSON.stringify(pod));
      return Promise.resolve({ status: 200, body });
    },
    close() {},
  });
  const clock = new FakeClock();
  const options = {
    ...{ files, clock, log: createLogger(() => {}) },
    lost: new Set<string>(),
    client: () => Promise.resolve(client),
  };
  return { files, asked, options };
}

const ALL = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

Deno.test("rollout: the API server first, the others once it answers", async () => {
  const { asked, options, files } = node();
  assertEquals(await rollOut(inputOf("1"), options, signal), ALL);
  assertEquals(asked, ["/readyz", "/readyz", "/readyz"]);
  assertEquals(
    ALL.map((name) => files.files.get(`${PREFIX}${name}.yaml`)?.mode),
    [0o600, 0o600, 0o600],
  );
});

Deno.test("rollout: a change is one after the other, each when ready", async () => {
  const { asked, options } = node();
  await rollOut(inputOf("1"), options, signal);
  asked.length = 0;
  assertEquals(await rollOut(inputOf("1"), options, signal), []);
  assertEquals(await rollOut(inputOf("2"), options, signal), ALL);
  const pods = "/api/v1/namespaces/kube-system/pods";
  // Which one runs, and whether the other one is ready.
  assertEquals(
    asked,
    ALL.flatMap((name) => Array(2).fill(`${pods}/${name}-test-1`)),
  );
});

Deno.test("rollout: the pod before is gone before another one comes", async () => {
  const { options, files } = node();
  await rollOut(inputOf("1"), options, signal);
  const path = `${PREFIX}kube-apiserver.yaml`;
  const directory = "/var/lib/kubelet/pods/kube-apiserver";
  files.directories.set(directory, 0o750);
  const seen: boolean[] = [];
  const sleep = options.clock.sleep.bind(options.clock);
  options.clock.sleep = (ms, signal) => {
    seen.push(files.files.has(path));
    if (seen.length === 3) files.directories.delete(directory);
    return sleep(ms, signal);
  };
  assertEquals(await rollOut(inputOf("2"), options, signal), ALL);
  assertEquals(seen, [false, false, false]);

  // One that does not go is not waited for until the end of days.
  seen.length = 3;
  files.directories.set(directory, 0o750);
  const before = options.clock.monotonic();
  assertEquals(await rollOut(inputOf("3"), options, signal), ALL);
  const waitedMs = options.clock.monotonic() - before;
  assertEquals(waitedMs >= 45_000 && waitedMs < 60_000, true);
});

Deno.test("rollout: what does not come up stops what comes after it", async () => {
  const broken = ["kube-controller-manager"];
  const { options, files } = node(broken);
  await rollOut(inputOf("1"), options, signal);
  const before = files.files.get(`${PREFIX}kube-scheduler.yaml`)!.text;
  const error = await assertRejects(
    () => rollOut(inputOf("2"), options, signal),
    RolloutError,
    "not ready with its new settings after 300 s: ErrImagePull: 404; what",
  );
  assertEquals(error.problem.component, "kube-controller-manager");
  const scheduler = () => files.files.get(`${PREFIX}kube-scheduler.yaml`)!.text;
  assertEquals(scheduler(), before);
  // The next pass, too, and until it is well.
  await assertRejects(
    () => rollOut(inputOf("2"), options, signal),
    RolloutError,
  );
  assertEquals(scheduler(), before);
  broken.length = 0;
  assertEquals(await rollOut(inputOf("2"), options, signal), [
    "kube-scheduler",
  ]);
  assertNotEquals(scheduler(), before);
});
