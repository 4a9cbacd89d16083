/** What is issued for whom, and when anew. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { effective, type MachineConfig } from "#lib/config/mod.ts";
import { CONTROL_PLANE } from "#lib/config/sample_configs.ts";
import { createLogger } from "#lib/log.ts";
import { generateCa, readCertificate } from "#lib/pki/mod.ts";
import type { Identity, NodeFacts } from "#lib/worker/protocol.ts";
import { eventually } from "#tests/eventually.ts";
import { globalAddresses } from "./facts.ts";
import { IdentityKeeper, identityRequest, issueIdentity } from "./identity.ts";
import { FakeClock } from "./supervisor/fake.ts";
import { daemonsOf } from "./units/daemons.ts";
import { workerConfig } from "./worker_config.ts";

const FACTS: NodeFacts = {
  mode: "container",
  hostname: "cp-1",
  version: "v0.9.0",
  addresses: ["10.5.0.2", "fd00::2"],
};
const CONFIG = effective(CONTROL_PLANE as MachineConfig);

Deno.test("a request names the node, its SANs and the endpoint; a worker has none", () => {
  const { machine } = CONFIG;
  const request = identityRequest(
    { ...CONFIG, machine: { ...machine, certSANs: ["10.0.0.9", "api.x"] } },
    FACTS,
  )!;
  assertEquals(request.names, ["cp-1", "api.x"]);
  assertEquals(request.addresses, ["10.5.0.2", "fd00::2", "10.0.0.9"]);
  const worker = { ...machine, ca: { crt: machine.ca!.crt! } };
  assertEquals(
    identityRequest({ ...CONFIG, machine: worker }, FACTS),
    undefined,
  );
  assertEquals(identityRequest(undefined, FACTS), undefined);
});

Deno.test("the certificate is the node's; a CA that is none is refused", async () => {
  const ca = await generateCa({ kind: "machine" });
  const request = { ca, names: ["cp-1"], addresses: ["10.5.0.2"] };
  const { crt } = await issueIdentity(request);
  const { organizations } = await readCertificate(crt);
  assertEquals(organizations, ["os:impersonator"]);
  const other = await generateCa({ kind: "machine" });
  await assertRejects(() =>
    issueIdentity({ ...request, ca: { crt: ca.crt, key: other.key } })
  );
});

Deno.test("the keeper issues anew when the request changes, and only then", async () => {
  const ca = await generateCa({ kind: "machine" });
  const identity: Identity = await issueIdentity({
    ca,
    names: ["a"],
    addresses: [],
  });
  const issued: string[] = [];
  let pushed = 0;
  const keeper = new IdentityKeeper({
    issue: ({ names }) => {
      issued.push(names.join());
      return Promise.resolve(identity);
    },
    push: () => pushed++,
    clock: new FakeClock(0),
    log: createLogger(() => {}),
  });
  const request = { ca, names: ["a"], addresses: [] };
  keeper.follow(request);
  keeper.follow({ ...request });
  await eventually(() => pushed === 1);
  keeper.follow({ ...request, names: ["b"] });
  await eventually(() => pushed === 2);
  keeper.follow(undefined);
  keeper.stop();
  assertEquals(issued, ["a", "b"]);
});

Deno.test("a worker's config is what its manifest names, with a certificate for its owners only", () => {
  const identity = { ca: "ca", crt: "crt", key: "key" };
  const knowledge = { config: CONFIG, facts: FACTS, identity };
  const timed = workerConfig(
    { name: "timed", config: ["machine.time"] },
    knowledge,
  );
  assertEquals(Object.keys(timed).sort(), ["config", "node"]);
  assert(!JSON.stringify(timed).includes("PRIVATE"));
  const apid = workerConfig(
    { name: "apid", config: ["machine.type"] },
    knowledge,
  );
  assertEquals(apid, {
    config: { machine: { type: "controlplane" } },
    node: FACTS,
    identity,
  });
  const early = workerConfig(
    { name: "apid", config: ["machine.type"] },
    { config: undefined, facts: FACTS, identity: undefined },
  );
  assertEquals(early, { config: {}, node: FACTS, maintenance: true });
});

Deno.test("trustd runs on control planes only; what is not hosted is no daemon", () => {
  const manifests = [
    { name: "apid", host: "edge" },
    { name: "trustd", host: "edge" },
    { name: "machined", host: "init" },
    { name: "talosctl", host: "client" },
  ] as const;
  const names = (type: "controlplane" | "join") =>
    daemonsOf(manifests, { mode: "container", type }).map(({ name }) => name);
  assertEquals(names("controlplane"), ["apid", "trustd"]);
  assertEquals(names("join"), ["apid"]);
});

Deno.test("globalAddresses leaves out what means nothing to others", () => {
  const addresses = [
    ["lo", "127.0.0.1"],
    ["lo", "10.9.9.9"],
    ["eth0", "10.5.0.2"],
    ["eth0", "10.5.0.2"],
    ["eth0", "169.254.1.1"],
    ["eth0", "fe80::1"],
    ["eth0", "fd00::2"],
    ["eth1", "::1"],
    ["eth1", "224.0.0.1"],
  ].map(([name, address]) => ({ name: name!, address: address! }));
  assertEquals(globalAddresses(addresses), ["10.5.0.2", "fd00::2"]);
});
