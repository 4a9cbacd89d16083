/** Service hosts in real containers, for the node ring. */
import { fileURLToPath } from "node:url";
import { systemClock } from "#lib/clock.ts";
import type { HostMount, Manifest } from "#lib/worker/manifest.ts";
import { realSys } from "#lib/sys/real.ts";
import { bundleEntry } from "../../rootfs/bundle.ts";
import { writeModuleCache } from "../../rootfs/module_cache.ts";
import {
  hostSpec,
  NODE_ROOT,
} from "../../services/machined/supervisor/host_container.ts";
import { ContainerRunner } from "../../services/machined/supervisor/runner_container.ts";
import type { TestContainerd } from "./containerd.ts";
import type { HostBench } from "./host_suite.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles host.js and the given entries (`name` to path) into `dir`. */
export async function bundleWorkers(
  dir: string,
  entries: Readonly<Record<string, string>>,
): Promise<void> {
  await Deno.mkdir(dir, { recursive: true });
  const all = { host: "services/lib/worker/host.ts", ...entries };
  for (const [name, entry] of Object.entries(all)) {
    await bundleEntry(entry, {
      root: ROOT,
      output: `${dir}/${name}.js`,
      info: { sha: "test", built: "" },
    });
  }
  await Deno.mkdir(`${dir}/deno`);
  await writeModuleCache(dir, dir, `${dir}/deno/dep_analysis_cache_v2`);
}

/** A host with the permissions and limits of `manifests`. */
export function containerBench(
  containerd: TestContainerd,
  options: {
    readonly name: string;
    readonly manifests: readonly Manifest[];
    readonly rounds: number;
    readonly output: string[];
    readonly mounts?: readonly HostMount[];
  },
): HostBench {
  const { name, manifests, rounds, output, mounts = [] } = options;
  const { dir, client, cgroup, deno } = containerd;
  const bundles = `${dir}/bundles`;
  const socket = `${dir}/hosts/${name}/control.sock`;
  const spec = hostSpec({
    name,
    manifests,
    deno,
    bundles,
    socket,
    hostname: "node-1",
    cgroupsPath: `${cgroup}-${name}`,
    mounts: [{ path: bundles, access: "ro" }, ...mounts],
  });
  return {
    name,
    socket,
    bundles,
    rounds,
    limited: true,
    runner: () =>
      new ContainerRunner({
        container: { id: name, image: `talos/${name}`, spec },
        rootfs: NODE_ROOT,
        containerd: client,
        stdioDir: `${dir}/stdio`,
        sys: realSys,
        clock: systemClock,
        log: (line) => output.push(line),
        graceMs: 100,
      }),
  };
}
