/** When the kubelet counts as well. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  effective,
  generateConfig,
  generateSecrets,
  type MachineType,
} from "#lib/config/mod.ts";
import { MemoryFiles } from "../files.ts";
import { kubeletSpec } from "./kubelet.ts";
import type { PulledNode } from "./pulled.ts";

const { signal } = new AbortController();
const endpoint = "https://10.5.0.1:6443";
const secrets = await generateSecrets({ algorithm: "ECDSA-P256" });

function checkOf(
  type: MachineType,
  { well = true, status = 200 }: { well?: boolean; status?: number },
) {
  const config = effective(
    generateConfig(type, { clusterName: "t", endpoint }, secrets),
  );
  let asked = 0;
  const spec = kubeletSpec({
    input: () => ({
      ...{ config, hostname: "t-1", addresses: ["10.5.0.2"] },
      mode: "container",
    }),
    files: new MemoryFiles(),
    probe: () => well ? Promise.resolve() : Promise.reject(new Error("ill")),
    connect: () => ({
      send() {
        asked++;
        return Promise.resolve({ status, body: new Response("{}").body });
      },
      close() {},
    }),
  }, {} as PulledNode);
  return { check: () => spec.health!.check(signal), asked: () => asked };
}

Deno.test("kubelet: a worker that cannot join is not well", async () => {
  await checkOf("join", {}).check();
  const unknown = checkOf("join", { status: 401 });
  await assertRejects(unknown.check, Error, "does not know cluster.token");
  await assertRejects(checkOf("join", { well: false }).check, Error, "ill");
});

Deno.test("kubelet: a control plane is up before its cluster is", async () => {
  const well = checkOf("controlplane", { status: 401 });
  await well.check();
  assertEquals(well.asked(), 0);
  const ill = checkOf("controlplane", { well: false, status: 401 });
  await assertRejects(ill.check, Error, "does not know cluster.token");
});
