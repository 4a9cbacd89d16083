/** What a recovery stands on, and when it is refused. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  effective,
  generateConfig,
  generateSecrets,
  type MachineType,
} from "#lib/config/mod.ts";
import { KubeError } from "#lib/kube/errors.ts";
import {
  checkRecover,
  recover,
  RecoverError,
  type RecoverOptions,
} from "./recover.ts";

const { signal } = new AbortController();
const ENDPOINT = "https://10.5.0.1:6443";
const secrets = await generateSecrets({ algorithm: "ECDSA-P256" });

function setUp(
  { type = "controlplane", ready = true, quorum = true }: {
    type?: MachineType;
    ready?: boolean;
    quorum?: boolean;
  } = {},
) {
  const did: string[] = [];
  const options = { clusterName: "t", endpoint: ENDPOINT };
  const config = effective(generateConfig(type, options, secrets));
  const recoverOptions: RecoverOptions = {
    input: () => ({
      ...{ config, hostname: "t-1", addresses: ["10.5.0.2"] },
      mode: "container",
    }),
    keeper: {
      settle: (_, { through } = {}) =>
        Promise.resolve(void did.push(through ? "through" : "local")),
    },
    connect: ({ url }) => ({
      send({ path }) {
        did.push(`${url}${path}`);
        if (ready) return Promise.resolve({ status: 200, body: null });
        const problem = { kind: "unavailable", status: 0 } as const;
        return Promise.reject(new KubeError(problem, "nobody"));
      },
      close: () => void did.push("close"),
    }),
    probeEtcd: () =>
      quorum ? Promise.resolve() : Promise.reject(new Error("no leader")),
    clock: { now: () => Date.now() },
  };
  return { did, options: recoverOptions };
}

Deno.test("recover: each source has to answer first", async () => {
  const well = setUp();
  await checkRecover("etcd", well.options);
  assertEquals(well.did, []);
  await checkRecover("apiserver", well.options);
  assertEquals(well.did, [`${ENDPOINT}/readyz`, "close"]);

  const { options } = setUp({ ready: false, quorum: false });
  const away = await assertRejects(
    () => checkRecover("apiserver", options),
    RecoverError,
    `Cannot recover from the API server: none is ready at ${ENDPOINT}`,
  );
  assertEquals(away.problem, { kind: "unavailable", source: "apiserver" });
  await assertRejects(
    () => checkRecover("etcd", options),
    RecoverError,
    "Cannot recover from etcd: it does not answer with a quorum: no leader",
  );
});

Deno.test("recover: a worker has nothing to recover", async () => {
  const { options, did } = setUp({ type: "join" });
  for (const source of ["etcd", "apiserver"] as const) {
    const thrown = await assertRejects(
      () => checkRecover(source, options),
      RecoverError,
      "this node is a worker",
    );
    assertEquals(thrown.problem, { kind: "failedPrecondition" });
  }
  assertEquals(did, []);
});

Deno.test("recover: manifests go through the source", async () => {
  const { options, did } = setUp();
  await recover("etcd", options, signal);
  assertEquals(did, ["local"]);
  await recover("apiserver", options, signal);
  assertEquals(did, ["local", "through", "close"]);
  assert(!did.includes(`${ENDPOINT}/readyz`));
});
