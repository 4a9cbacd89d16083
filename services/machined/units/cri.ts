/**
 * The containerd of Kubernetes: a plain process with a store on /var. Its
 * files are in memory: they come from the machine config at every start.
 */
import { imageRef } from "#lib/config/images.ts";
import type { EffectiveConfig } from "#lib/config/mod.ts";
import { SOCKETS } from "#lib/paths.ts";
import { toml, type TomlTable } from "#lib/toml.ts";
import { PROCESS_RESTART } from "../supervisor/backoff.ts";
import type { Runner } from "../supervisor/runner.ts";
import type { ServiceSpec } from "../supervisor/service.ts";
import { CONTAINERD_HEALTH, UNUSED_PLUGINS } from "./containerd.ts";

/** /etc/cri of the image is a link to it. */
const CRI_DIR = "/system/etc/cri";
/** A directory for each registry (containerd: hosts.toml). */
export const CERTS_DIR = `${CRI_DIR}/certs.d`;
/** Its configuration, written before it starts. */
export const CRI_CONFIG = `${CRI_DIR}/containerd.toml`;
/** Where Kubernetes' containers live. */
export const CRI_NAMESPACE = "k8s.io";

/** Program and arguments, those of the seed era. */
export const CRI_COMMAND = [
  "/bin/containerd",
  "--address",
  SOCKETS.cri,
  "--config",
  "/etc/cri/containerd.toml",
] as const;

/** What the configuration depends on. */
export interface CriOptions {
  /** The node may not lower a score (no CAP_SYS_RESOURCE): nor may pods. */
  readonly restrictOomScoreAdj: boolean;
  /** Credentials by the host of a registry. */
  readonly auths: Readonly<Record<string, TomlTable>>;
}

/** The text of {@linkcode CRI_CONFIG}. */
export function criConfig({ restrictOomScoreAdj, auths }: CriOptions): string {
  const configs = Object.fromEntries(
    Object.entries(auths).map(([host, auth]) => [host, { auth }]),
  );
  return toml({
    version: 3,
    root: "/var/lib/containerd",
    state: "/run/containerd",
    disabled_plugins: UNUSED_PLUGINS,
    imports: ["/var/cri/conf.d/*.toml"],
    debug: { level: "warn" },
    plugins: {
      "io.containerd.cri.v1.images": {
        snapshotter: "overlayfs",
        pinned_images: { sandbox: imageRef("pause") },
        registry: {
          config_path: "/etc/cri/certs.d",
          ...Object.keys(configs).length > 0 && { configs },
        },
      },
      "io.containerd.cri.v1.runtime": {
        restrict_oom_score_adj: restrictOomScoreAdj,
        // /var outlives the node's start, network namespaces do not.
        netns_mounts_under_state_dir: true,
        cni: { bin_dirs: ["/opt/cni/bin"], conf_dir: "/etc/cni/net.d" },
      },
    },
  });
}

/** What {@linkcode criSpec} works with. */
export interface CriSpecOptions {
  /** That of this moment. */
  readonly config: () => EffectiveConfig;
  /** Writes its files as the config says. */
  readonly write: (config: EffectiveConfig) => Promise<unknown>;
  /** Of the machine config: a proxy for pulls, for instance. */
  readonly runner: (env: Readonly<Record<string, string>>) => Runner;
  readonly probe: (signal: AbortSignal) => Promise<void>;
}

/** It as a service. */
export function criSpec(
  { config, write, runner, probe }: CriSpecOptions,
): ServiceSpec {
  return {
    id: "cri",
    needs: ["networkd"],
    pre: async () => {
      await write(config());
      return "run";
    },
    runner: () => runner(config().machine.env ?? {}),
    restart: PROCESS_RESTART,
    health: { policy: CONTAINERD_HEALTH, check: probe },
  };
}
