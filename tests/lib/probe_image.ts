/**
 * The node's image with a prelude before the bundles of the host and of each
 * daemon, so that a test can make a live worker misbehave or try what it may
 * do. Everything behind the prelude is what `deno task image` ships.
 *
 * A signal to the host's process chooses worker and action; what a worker has
 * to say goes into its service's log as `probe {json}`.
 */
import { join } from "@std/path";
import { DAEMONS, OVERLAY } from "../../rootfs/contents.ts";
import { buildImage, bundleAll, ROOT } from "../../rootfs/build.ts";
import type { PermissionKind } from "#lib/worker/permissions.ts";
import { provideAll } from "../../rootfs/components/mod.ts";
import { provideSigningKey } from "../../rootfs/signing_key.ts";

/** What a worker can be made to do. */
export type ProbeAction = "hang" | "throw" | "heap" | "matrix";

const ACTIONS: readonly ProbeAction[] = ["hang", "throw", "heap", "matrix"];

/** Workers by host, in the order of the signals below. */
const WORKERS: Readonly<Record<string, readonly string[]>> = {
  edge: ["apid", "routerd", "trustd"],
  node: ["networkd", "timed"],
};

/** One signal for each worker and action of a host. */
const SIGNALS: readonly Deno.Signal[] = [
  "SIGHUP",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "SIGWINCH",
  "SIGIO",
];

/** The host that runs `worker`, and the signal that makes it do `action`. */
export function probeSignal(
  worker: string,
  action: ProbeAction,
): { host: string; signal: Deno.Signal } {
  for (const [host, workers] of Object.entries(WORKERS)) {
    const index = workers.indexOf(worker);
    if (index < 0) continue;
    const at = index * ACTIONS.length + ACTIONS.indexOf(action);
    return { host, signal: SIGNALS[at]! };
  }
  throw new Error(`no host runs "${worker}"`);
}

/** Runs in the host, before its own code. */
function hostPrelude(): string {
  const table = Object.fromEntries(
    Object.entries(WORKERS).map(([host, workers]) => [
      host,
      workers.flatMap((worker, w) =>
        ACTIONS.map((action, a) => [
          SIGNALS[w * ACTIONS.length + a],
          worker,
          action,
        ])
      ),
    ]),
  );
  return `{
  const workers = new Map();
  const RealWorker = globalThis.Worker;
  globalThis.Worker = class extends RealWorker {
    constructor(url, options) {
      super(url, options);
      workers.set(options.name, this);
    }
  };
  for (const [signal, worker, action] of ${
    JSON.stringify(table)
  }[Deno.args[0]]) {
    Deno.addSignalListener(signal, () =>
      workers.get(worker)?.postMessage({ type: "probe", action }));
  }
}
`;
}

/**
 * What an attempt needs: a kind of permission and the value that is used.
 * `all` is never granted to a worker (/proc and the like), and neither is
 * `escalate`: a worker with more than its own permissions.
 */
export const ATTEMPTED: Readonly<
  Record<string, readonly [PermissionKind | "all" | "escalate", string]>
> = {
  read: ["read", "/etc/os-release"],
  readProc: ["all", "/proc/1/environ"],
  readConfig: ["read", "/system/state/config.yaml"],
  write: ["write", "/tmp/probe"],
  netConnect: ["net", "192.0.2.1:9"],
  netListen: ["net", "127.0.0.1:4000"],
  netUnix: ["net", "unix:/system/run/containerd/containerd.sock"],
  env: ["env", "PATH"],
  envAll: ["env", "*"],
  run: ["run", "/bin/runc"],
  ffiOther: ["ffi", "/lib/x86_64-linux-gnu/libm.so.6"],
  sys: ["sys", "osUptime"],
  sysInterfaces: ["sys", "networkInterfaces"],
  kill: ["run", "*"],
  // An import reads with the permissions of the host: none has this file.
  importFile: ["read", "/etc/nsswitch.conf"],
  workerMore: ["escalate", "run"],
};

/** Each really does it: a query would only repeat what was configured. */
const ATTEMPTS = `{
  read: () => Deno.readTextFileSync("/etc/os-release"),
  readProc: () => Deno.readTextFileSync("/proc/1/environ"),
  readConfig: () => Deno.readTextFileSync("/system/state/config.yaml"),
  write: () => Deno.writeTextFileSync("/tmp/probe", ""),
  netConnect: () => Deno.connect({ hostname: "192.0.2.1", port: 9 }),
  netListen: () => Deno.listen({ hostname: "127.0.0.1", port: 4000 }).close(),
  netUnix: () => Deno.connect({
    transport: "unix",
    path: "/system/run/containerd/containerd.sock",
  }),
  env: () => Deno.env.get("PATH"),
  envAll: () => Deno.env.toObject(),
  run: () => new Deno.Command("/bin/runc", { args: ["--version"] }).outputSync(),
  ffiOther: () => Deno.dlopen("/lib/x86_64-linux-gnu/libm.so.6", {}),
  sys: () => Deno.osUptime(),
  sysInterfaces: () => Deno.networkInterfaces(),
  // Not pid 1: that is the worker's own process in its namespace.
  kill: () => Deno.kill(2, "SIGCONT"),
  importFile: () =>
    import("file:///etc/nsswitch.conf", { with: { type: "text" } }),
  workerMore: () => new Worker("data:text/javascript,0", {
    type: "module",
    deno: { permissions: { run: true } },
  }),
}`;

/** Runs in each worker, before the daemon's own code. */
const WORKER_PRELUDE = `{
  const attempts = ${ATTEMPTS};
  const say = (value) =>
    postMessage({ type: "log", lines: ["probe " + JSON.stringify(value)] });
  const actions = {
    hang() { for (;;); },
    throw() { setTimeout(() => { throw new Error("probe"); }); },
    heap() { const kept = []; for (;;) kept.push(new Array(1e5).fill(kept)); },
    async matrix() {
      for (const [name, attempt] of Object.entries(attempts)) {
        let result = "allowed";
        try {
          await Promise.race([attempt(), new Promise((ok) => setTimeout(ok, 300))]);
        } catch (thrown) {
          // A failed import is a TypeError with the text of the refusal.
          const refused = thrown instanceof Deno.errors.NotCapable ||
            /^Requires \\w+ access/.test(thrown.message);
          result = refused ? "refused" : "allowed: " + thrown.message;
        }
        say([name, result]);
      }
      say(["end", ""]);
    },
  };
  self.addEventListener("message", (event) => {
    if (event.data?.type === "probe") actions[event.data.action]();
  });
}
`;

/** Builds the image; returns its path. */
export async function buildProbeImage(): Promise<string> {
  const out = join(ROOT, "_out/probe");
  await Deno.mkdir(out, { recursive: true });
  const parts = await provideAll();
  const bundles = await bundleAll(OVERLAY, out);
  const prepend = async (entry: string, prelude: string) => {
    const path = bundles.get(entry)!;
    await Deno.writeTextFile(path, prelude + await Deno.readTextFile(path));
  };
  await prepend("services/lib/worker/host.ts", hostPrelude());
  for (const name of DAEMONS) {
    await prepend(`services/${name}/main.ts`, WORKER_PRELUDE);
  }
  const image = join(out, "rootfs.sqsh");
  const key = await provideSigningKey();
  await buildImage(image, parts, { overlay: OVERLAY, bundles, key });
  return image;
}
