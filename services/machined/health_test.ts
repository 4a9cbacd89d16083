/** Health as a call of the API: what is refused, how it ends, how many run. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  effective,
  generateConfig,
  generateSecrets,
  type MachineType,
} from "#lib/config/mod.ts";
import { EndpointError } from "#lib/kube/endpoint.ts";
import { KubeError } from "#lib/kube/errors.ts";
import { HealthError } from "#lib/health/wait.ts";
import { toStatus } from "#lib/rpc/status.ts";
import { HealthCheckRequestSchema } from "#proto/cluster_pb.ts";
import { clusterService } from "./api/cluster_service.ts";
import { FakeClock } from "./supervisor/fake.ts";
import { CHECKS_MAX, HealthChecks, HealthRefusedError } from "./health.ts";

const secrets = await generateSecrets({ algorithm: "ECDSA-P256" });
/** Ends when the clock of the test lets it. */
const LIMIT_MS = 5_000;
const LIMIT = durationFromMs(LIMIT_MS);

/** The handler of a node whose Kubernetes answers nobody. */
function setUp(type: MachineType | undefined = "controlplane") {
  const asked: string[] = [];
  const clock = new FakeClock(LIMIT_MS);
  const options = { clusterName: "t", endpoint: "https://10.5.0.1:6443" };
  const config = type && effective(generateConfig(type, options, secrets));
  const health = new HealthChecks({
    input: () =>
      config && {
        ...{ config, hostname: "t-1", addresses: ["127.0.0.1"] },
        mode: "container",
      },
    clock,
    connect: ({ url }) => ({
      send() {
        asked.push(url);
        const problem = { kind: "unavailable", status: 0 } as const;
        return Promise.reject(new KubeError(problem, "nobody answers"));
      },
      close: () => {},
    }),
  });
  const { healthCheck } = clusterService({ health });
  const call = (
    request: MessageInitShape<typeof HealthCheckRequestSchema>,
    signal = new AbortController().signal,
  ) =>
    healthCheck!(
      create(HealthCheckRequestSchema, request),
      { path: "", signal, metadata: () => [], peer: "" },
    );
  /** What it says; its time ends once a reason was told. */
  const tellUntilLate = async (
    request: MessageInitShape<typeof HealthCheckRequestSchema>,
    said: string[],
  ) => {
    for await (const { message } of call({ ...request, waitTimeout: LIMIT })) {
      said.push(message!);
      if (message!.endsWith(": nobody answers")) clock.release();
    }
  };
  return { call, asked, tellUntilLate };
}

Deno.test("health: the stream ends with condition and reason", async () => {
  const { tellUntilLate, asked } = setUp();
  const said: string[] = [];
  const error = await assertRejects(
    () => tellUntilLate({}, said),
    HealthError,
  );
  assertEquals(said, [
    "waiting for nodes to be found: ...",
    "waiting for nodes to be found: nobody answers",
  ]);
  assertEquals(toStatus(error), {
    code: 4,
    message: "waiting for nodes to be found: nobody answers",
  });
  assertEquals(new Set(asked), new Set(["https://10.5.0.1:6443"]));
});

Deno.test("health: another API server may be named", async () => {
  const { call, tellUntilLate, asked } = setUp();
  const clusterInfo = { forceEndpoint: "10.5.0.9" };
  await assertRejects(() => tellUntilLate({ clusterInfo }, []), HealthError);
  assertEquals(new Set(asked), new Set(["https://10.5.0.9:6443"]));
  const wrong = { forceEndpoint: "http://10.5.0.9" };
  await assertRejects(
    () => Array.fromAsync(call({ clusterInfo: wrong })),
    EndpointError,
  );
});

Deno.test("health: nodes that are named are those it looks at", async () => {
  const { call } = setUp();
  const clusterInfo = { controlPlaneNodes: ["10.5.0.2"], workerNodes: [] };
  for await (const { message } of call({ clusterInfo })) {
    assertEquals(
      message,
      'discovered nodes: control plane: ["10.5.0.2"], worker: []',
    );
    break;
  }
});

Deno.test("health: refused before anything is looked at", async (t) => {
  const workerNodes = ["10.5.0.3"];
  const many = Array.from({ length: 1_001 }, (_, at) => `10.5.0.${at}`);
  const cases = [
    { type: "join", why: "this node is a worker: ask a control plane" },
    {
      clusterInfo: { workerNodes },
      why: "workers without a control plane are no cluster",
    },
    { clusterInfo: { controlPlaneNodes: many }, why: "more than 1000 nodes" },
  ] as const;
  for (const { why, ...one } of cases) {
    await t.step(why, async () => {
      const { clusterInfo } = { clusterInfo: {}, ...one };
      const { call } = setUp("type" in one ? one.type : "controlplane");
      await assertRejects(
        () => Array.fromAsync(call({ clusterInfo })),
        HealthRefusedError,
        why,
      );
    });
  }
});

Deno.test("health: checks have a limit, and give their place back", async () => {
  const { call } = setUp();
  const open = Array.from({ length: CHECKS_MAX }, () => call({}));
  const streams = open.map((stream) => stream[Symbol.asyncIterator]());
  for (const stream of streams) await stream.next();
  await assertRejects(
    () => Array.fromAsync(call({})),
    HealthRefusedError,
    "try again later",
  );
  for (const stream of streams) await stream.return?.();
  for await (const { message } of call({})) {
    assert(message!.startsWith("waiting for nodes"));
    break;
  }
});
