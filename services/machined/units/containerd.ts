/** The system containerd: a plain process, without the parts for Kubernetes. */
import { dirname } from "@std/path";
import { SOCKETS } from "#lib/paths.ts";
import { toml } from "#lib/toml.ts";

const STATE_DIR = dirname(SOCKETS.containerd);
/** Its configuration, written before it starts. */
export const CONTAINERD_CONFIG = `${STATE_DIR}/config.toml`;

/** Program and arguments, those of the seed era first. */
export const CONTAINERD_COMMAND = [
  "/bin/containerd",
  "--address",
  SOCKETS.containerd,
  "--state",
  STATE_DIR,
  "--root",
  "/system/var/lib/containerd",
  "--config",
  CONTAINERD_CONFIG,
] as const;

/** How either containerd is watched. */
export const CONTAINERD_HEALTH = {
  initialDelayMs: 2_000,
  everyMs: 5_000,
  timeoutMs: 500,
};

/** Plugins that neither containerd has a use for. */
export const UNUSED_PLUGINS = [
  "io.containerd.nri.v1.nri",
  "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.image-verifier.v1.bindir",
  // Restarts are the supervisor's, or the kubelet's.
  "io.containerd.monitor.container.v1.restart",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.mount-handler.v1.erofs",
  "io.containerd.differ.v1.erofs",
] as const;

/** Plugins that service hosts need nothing of. */
const DISABLED = [
  "io.containerd.cri.v1.images",
  "io.containerd.cri.v1.runtime",
  "io.containerd.grpc.v1.cri",
  "io.containerd.podsandbox.controller.v1.podsandbox",
  ...UNUSED_PLUGINS,
];

/** The text of {@linkcode CONTAINERD_CONFIG}. */
export function containerdConfig(): string {
  return toml({
    version: 3,
    disabled_plugins: DISABLED,
    debug: { level: "warn" },
  });
}
