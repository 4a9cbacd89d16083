/**
 * Makes data of etcd from a snapshot: one run of etcdutl, which is in the
 * image of etcd. What it says goes to the log of etcd.
 */
import { orAborted } from "#lib/abort.ts";
import { imageSpec, nodeBind } from "#lib/containerd/image_spec.ts";
import type { StoredImage } from "#lib/containerd/images.ts";
import { newCluster, type Self } from "../etcd/membership.ts";
import { ETCD_PATHS } from "../etcd/paths.ts";
import type { Restore } from "../etcd/recovery.ts";
import { ContainerRunner } from "../supervisor/runner_container.ts";
import { STDIO_DIR } from "./hosts.ts";
import type { PulledNode } from "./pulled.ts";

/** The container, and its FIFO. */
const ID = "etcd-restore";
/**
 * Every revision that a client may have seen lies before those to come, so
 * that whoever watches begins anew: 10^9 takes etcd days of writing.
 */
const BUMP_REVISION = 1_000_000_000;
/** How a program of Go says why it ends. */
const LAST_WORDS = /^(?:Error|panic): (.*)/;

/** The command line. */
export function restoreArgs(
  self: Self,
  { snapshot, skipHashCheck, into }: Restore,
): string[] {
  return [
    "/usr/local/bin/etcdutl",
    "snapshot",
    "restore",
    snapshot,
    `--data-dir=${into}`,
    `--name=${self.name}`,
    `--initial-cluster=${newCluster(self).members}`,
    `--initial-advertise-peer-urls=${self.peerUrl}`,
    `--bump-revision=${BUMP_REVISION}`,
    "--mark-compacted",
    ...skipHashCheck ? ["--skip-hash-check"] : [],
  ];
}

/** What {@linkcode runRestore} works with. */
export interface RestoreOptions {
  readonly node: PulledNode;
  readonly image: StoredImage;
  readonly self: Self;
  readonly signal: AbortSignal;
}

/** Rejects unless the data are there. */
export async function runRestore(
  what: Restore,
  { node, image, self, signal }: RestoreOptions,
): Promise<void> {
  const { containerd, images, sys, clock, logs } = node;
  const log = logs.sink("etcd");
  let why = "";
  const runner = new ContainerRunner({
    container: {
      id: ID,
      image: image.name,
      spec: imageSpec({
        args: restoreArgs(self, what),
        env: {},
        capabilities: [],
        share: [],
        mounts: [nodeBind(ETCD_PATHS.data, "rw")],
        cgroupsPath: `/podruntime/${ID}`,
        readonlyRoot: true,
        noNewPrivileges: true,
      }),
    },
    rootfs: images.rootOf(image),
    ...{ containerd, sys, clock, stdioDir: STDIO_DIR },
    log: (line) => {
      const words = LAST_WORDS.exec(line)?.[1];
      if (words !== undefined) why = `: ${words}`;
      log(line);
    },
  });
  await runner.start(signal);
  try {
    const { clean, reason } = await orAborted(runner.exited, signal);
    if (!clean) throw new Error(`etcdutl ended with ${reason}${why}`);
  } catch (thrown) {
    if (signal.aborted) await runner.stop();
    throw thrown;
  }
}
