/**
 * Daemons that throw, hang, exhaust their heap, and hosts that are killed: each
 * is back within two seconds. One that throws is replaced alone; the others
 * take their host with them. PID 1 and other hosts keep their processes.
 */
import { assert, assertEquals } from "@std/assert";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ServiceInfo } from "#proto/machine_pb.ts";
import { TestCluster } from "#tests/cluster.ts";
import { eventually } from "#tests/eventually.ts";
import { services } from "#tests/machine_client.ts";
import { hostProcess } from "#tests/node_processes.ts";
import { HEALTHY_RUN_MS } from "../../services/machined/supervisor/service_host.ts";
import {
  buildProbeImage,
  type ProbeAction,
  probeSignal,
} from "#tests/probe_image.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const ROUNDS = FULL ? 5 : 2;
const BACK_MS = 2_000;
const DAEMONS = ["apid", "routerd", "trustd", "networkd", "timed"];
const HOSTS = ["edge", "node"];
const NEED_IMAGES = ["etcd", "kubelet", "bootkube"];

/** When the present run of `id` began, as the node says; 0 if it is not up. */
async function runningSince(init: number, id: string): Promise<number> {
  const service = (await services(init)).find((one) => one.id === id);
  assert(service, `no service ${id}`);
  if (service.state !== "Running") return 0;
  const starts = service.events!.events.filter(({ state, msg }) =>
    state === "Running" && !msg.startsWith("Health check")
  );
  return timestampMs(starts.at(-1)!.ts!);
}

/** Fails unless PID 1 and each host but `except` are the same processes. */
function checkOthers(
  init: number,
  before: Record<string, number>,
  except?: string,
) {
  assert(Deno.statSync(`/proc/${init}`).isDirectory, "PID 1 is gone");
  for (const host of HOSTS) {
    if (host === except) continue;
    assertEquals(hostProcess(init, host)?.pid, before[host], host);
  }
}

function hostPids(init: number): Record<string, number> {
  return Object.fromEntries(
    HOSTS.map((host) => [host, hostProcess(init, host)!.pid]),
  );
}

Deno.test("faults", async (t) => {
  await using cluster = await TestCluster.create({
    name: "t-faults",
    cidr: "10.5.102.0/24",
    workers: 0,
    flags: [`--image=${await buildProbeImage()}`],
  });
  const init = await cluster.initPid(0);

  /**
   * Makes `daemon` do `action`; returns how long it was away: from the fault,
   * or from the end of the process that first had to fill its heap.
   */
  async function inflict(daemon: string, action: ProbeAction) {
    const before = await runningSince(init, daemon);
    const { host, signal } = probeSignal(daemon, action);
    const { pid } = hostProcess(init, host)!;
    let started = performance.now();
    Deno.kill(pid, signal);
    if (action === "heap") {
      const gone = () => hostProcess(init, host)?.pid !== pid;
      await eventually(gone, { what: `the end of ${host}`, pauseMs: 10 });
      started = performance.now();
    }
    const back = async () => await runningSince(init, daemon) > before;
    const what = `${daemon} after ${action}`;
    await eventually(back, { what, withinMs: 20_000, pauseMs: 50 });
    return performance.now() - started;
  }

  for (const daemon of DAEMONS) {
    for (const action of ["throw", "hang", "heap"] as const) {
      await t.step(`${daemon}: ${action}`, async () => {
        for (let round = 0; round < ROUNDS; round++) {
          await settled(init);
          const before = hostPids(init);
          const awayMs = await inflict(daemon, action);
          const { host } = probeSignal(daemon, action);
          assert(awayMs < BACK_MS, `${daemon} was away for ${awayMs} ms`);
          checkOthers(init, before, action === "throw" ? undefined : host);
        }
      });
    }
  }

  for (const host of HOSTS) {
    await t.step(`${host}: killed`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await settled(init);
        const before = hostPids(init);
        const started = performance.now();
        Deno.kill(before[host]!, "SIGKILL");
        await eventually(async () => {
          const now = hostProcess(init, host)?.pid;
          if (now === undefined || now === before[host]) return false;
          return await allRunning(init);
        }, { what: `${host} after a kill` });
        const awayMs = performance.now() - started;
        assert(awayMs < BACK_MS, `${host} was away for ${awayMs} ms`);
        checkOthers(init, before, host);
      }
    });
  }

  await t.step("the node serves as before", async () => {
    await settled(init);
    const { code } = await cluster.talosctl([
      "-n",
      cluster.nodes[0]!,
      "version",
    ]);
    assertEquals(code, 0);
  });
});

/** All but those whose images are nowhere: this node has no registry. */
async function ownServices(init: number): Promise<ServiceInfo[]> {
  return (await services(init)).filter(({ id }) => !NEED_IMAGES.includes(id));
}

async function allRunning(init: number): Promise<boolean> {
  return (await ownServices(init)).every(({ state }) => state === "Running");
}

/**
 * Waits until every service has run well for long enough that the next fault
 * is a first one: repeated faults are answered ever more slowly, on purpose.
 */
async function settled(init: number): Promise<void> {
  const wellSince = (now: number, { health, events, state }: ServiceInfo) =>
    state === "Running" && (health!.unknown || health!.healthy) &&
    now - timestampMs(events!.events.at(-1)!.ts!) > HEALTHY_RUN_MS;
  await eventually(async () => {
    const all = await ownServices(init);
    return all.every((service) => wellSince(Date.now(), service));
  }, { what: "all services well", withinMs: 30_000 });
}
