/**
 * PID 1: joins the parts of machined to the machine. Whatever is thrown where
 * nobody waits for it is logged, and PID 1 goes on.
 */
import { answerGenerate } from "#lib/config/generate_request.ts";
import { connectContainerd, type Containerd } from "#lib/containerd/client.ts";
import { systemClock } from "#lib/clock.ts";
import { EventRing } from "#lib/events.ts";
import { createLogger } from "#lib/log.ts";
import { ServiceLogs } from "#lib/log_store.ts";
import { BUNDLE_DIR, DENO, SOCKETS } from "#lib/paths.ts";
import { authorizeByRole } from "#lib/rpc/local.ts";
import { bind, serve } from "#lib/rpc/server.ts";
import { kubeTransport } from "#lib/kube/transport.ts";
import { trimMemory } from "#lib/sys/memory.ts";
import { realSys } from "#lib/sys/real.ts";
import { VERSION } from "#lib/version.ts";
import { keepHeapSmall } from "#lib/worker/heap.ts";
import type { NodeFacts } from "#lib/worker/protocol.ts";
import { ClusterService } from "#proto/cluster_pb.ts";
import { ImageService } from "#proto/image_pb.ts";
import { KubernetesService } from "#proto/kubernetes_pb.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { clusterService } from "./api/cluster_service.ts";
import { imageService } from "./api/image_service.ts";
import { kubernetesService } from "./api/kubernetes_service.ts";
import { createInspector } from "./api/inspector.ts";
import type { Node } from "./api/node.ts";
import { machineService } from "./api/machine_service.ts";
import { createConsole } from "./console.ts";
import { containersOf } from "./containers.ts";
import { globalAddresses } from "./facts.ts";
import { realFiles } from "./files.ts";
import { installGuard } from "./guard.ts";
import { Images } from "./images.ts";
import { issueIdentity } from "./identity.ts";
import { Machined, REPLY_MS } from "./machined.ts";
import { manifest } from "./manifest.ts";
import { MANIFESTS } from "./manifests.ts";
import { nodeOf } from "./node.ts";
import { containerConfig } from "./platform/container.ts";
import { startReaper } from "./reaper.ts";
import type { Registries } from "./registries.ts";
import type { Runner } from "./supervisor/runner.ts";
import { FunctionRunner } from "./supervisor/runner_function.ts";
import {
  type ProcessOptions,
  ProcessRunner,
} from "./supervisor/runner_process.ts";
import { CONTAINERD_COMMAND } from "./units/containerd.ts";
import { CERTS_DIR, CRI_COMMAND, CRI_NAMESPACE } from "./units/cri.ts";
import { makeHosts } from "./units/hosts.ts";
import type { PulledNode } from "./units/pulled.ts";
import { probeContainerd, probeEtcd, probeKubelet } from "./units/probes.ts";

/** The inspect child; its call and options follow. */
const INSPECT = [
  DENO,
  "run",
  "--quiet",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--v8-flags=--optimize-for-size",
  "--allow-all",
  `${BUNDLE_DIR}/inspect.js`,
];
/** What the last lines have to reach the console. */
const FLUSH_MS = 500;
/** The images that this machine runs. */
const PLATFORM = {
  os: Deno.build.os,
  architecture: Deno.build.arch === "x86_64" ? "amd64" : "arm64",
};
const PATH = "/bin:/sbin:/usr/bin:/usr/sbin:/usr/local/bin:/opt/cni/bin";

const console = createConsole((bytes) => Deno.stdout.write(bytes));
const logs = new ServiceLogs();
const ring = logs.sink(manifest.name);
const log = createLogger((line) => {
  ring(line);
  console.sink(line);
});

installGuard(globalThis, (line) => log.error(line));

function facts(): NodeFacts {
  return {
    mode: "container",
    hostname: Deno.hostname(),
    version: VERSION.tag,
    addresses: globalAddresses(Deno.networkInterfaces()),
  };
}

/** A run of a plain process whose log is that of service `id`. */
function processOf(
  id: string,
  { command, env = {} }: {
    command: ProcessOptions["command"];
    env?: Readonly<Record<string, string>>;
  },
): Runner {
  const log = logs.sink(id);
  return new ProcessRunner({ command, env: { ...env, PATH }, log });
}

/** A name space of the CRI containerd, with what containers in it need. */
function pulledNode(
  containerd: Containerd,
  registries: () => Registries,
): PulledNode {
  const images = new Images({
    containerd,
    registries,
    hostsDir: CERTS_DIR,
    platform: PLATFORM,
    clock: systemClock,
  });
  return { containerd, images, sys: realSys, clock: systemClock, logs };
}

/** All of the node but its API, which comes with the first run of it. */
function makeMachined(
  { events, containerd, cri, apiRunner }: {
    events: EventRing;
    containerd: Containerd;
    cri: { readonly system: Containerd; readonly kubernetes: Containerd };
    apiRunner: () => Runner;
  },
) {
  const hosts = makeHosts({
    manifests: MANIFESTS,
    containerd,
    hostname: Deno.hostname,
    sys: realSys,
    clock: systemClock,
    logs,
    log,
  });
  const pulled = (client: Containerd) =>
    pulledNode(client, () => machined.config?.machine.registries ?? {});
  const machined: Machined = new Machined({
    mode: "container",
    version: VERSION.tag,
    pid: Deno.pid,
    manifests: MANIFESTS,
    hosts,
    sys: realSys,
    files: realFiles,
    clock: systemClock,
    env: Deno.env,
    log,
    logs,
    events,
    facts,
    fetchConfig: () => containerConfig(Deno.env.get("USERDATA"), Deno.readFile),
    issueIdentity,
    containerd: {
      runner: () => processOf("containerd", { command: CONTAINERD_COMMAND }),
      probe: (signal) => probeContainerd(SOCKETS.containerd, signal),
    },
    cri: {
      runner: (env) => processOf("cri", { command: CRI_COMMAND, env }),
      probe: (signal) => probeContainerd(SOCKETS.cri, signal),
    },
    pulled: {
      system: pulled(cri.system),
      kubernetes: pulled(cri.kubernetes),
    },
    kubernetes: { connect: kubeTransport, probeEtcd, probeKubelet },
    apiRunner,
    console: console.sink,
    exit: (code) => void console.flush(FLUSH_MS).finally(() => Deno.exit(code)),
  });
  return { machined, hosts };
}

/** What the machine API is served by. */
function makeApiRunner(node: Node): Runner {
  return new FunctionRunner({
    name: manifest.name,
    start: () =>
      serve({
        listen: { socket: SOCKETS.machined },
        services: [
          bind(MachineService, machineService(node)),
          bind(ClusterService, clusterService(node)),
          bind(ImageService, imageService(node)),
          bind(KubernetesService, kubernetesService(node)),
        ],
        authorize: authorizeByRole,
        // A line for each call is for the ring, not for the console.
        log: createLogger(ring),
      }),
  });
}

/** Everything that the kernel tells PID 1. */
function listenToSignals(machined: Machined): void {
  const reaper = startReaper(
    { sys: realSys, log },
    new AbortController().signal,
  );
  Deno.addSignalListener("SIGCHLD", () => reaper.onChild());
  Deno.addSignalListener("SIGTERM", () => machined.shutdown("SIGTERM"));
  Deno.addSignalListener("SIGINT", () => machined.shutdown("SIGINT"));
  for (const name of ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const) {
    Deno.addSignalListener(name, () => log.info(`${name} ignored`));
  }
}

/** Starts the node and returns; PID 1 ends by the shutdown sequence only. */
export function main(): void {
  Deno.env.set("PATH", PATH);
  const events = new EventRing();
  const containerd = connectContainerd({
    socket: SOCKETS.containerd,
    namespace: "system",
  });
  const cri = {
    system: connectContainerd({ socket: SOCKETS.cri, namespace: "system" }),
    kubernetes: connectContainerd({
      socket: SOCKETS.cri,
      namespace: CRI_NAMESPACE,
    }),
  };
  const { machined, hosts } = makeMachined({
    events,
    containerd,
    cri,
    apiRunner: () => makeApiRunner(node),
  });
  const node: Node = nodeOf({
    machined,
    platform: { name: "container", mode: "container" },
    clock: systemClock,
    logs,
    events,
    containers: containersOf({
      hosts,
      containerd,
      cri,
      bounce: (id) => machined.supervisor.bounce(id),
      replied: () => systemClock.sleep(REPLY_MS),
      clock: systemClock,
      log,
    }),
    generate: (request) => {
      const config = machined.config;
      return answerGenerate(request, config ? { config } : {});
    },
    inspect: createInspector(INSPECT),
  });
  listenToSignals(machined);
  void machined.start();
}

if (import.meta.main) {
  // glibc keeps what a burst of connections freed: 32 MB (measured).
  keepHeapSmall(trimMemory);
  main();
}
