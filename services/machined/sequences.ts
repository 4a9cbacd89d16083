/**
 * Every sequence of the node as a list: phases one after another, the tasks of
 * a phase together. Nothing runs here; tasks are names, sequencer.ts runs what
 * tasks/ holds under them. The snapshot in the test prints all of it.
 */

/** Where and as what the node runs, as far as the lists depend on it. */
export interface SequenceNode {
  readonly mode: "container" | "metal";
  readonly type: "init" | "controlplane" | "join";
  /** The system disk holds an installation. */
  readonly installed: boolean;
}

/** What the caller of a sequence may decide. */
export interface SequenceOptions {
  /** reset: leave and clean up first. */
  readonly graceful?: boolean;
  /** reset: reboot at the end instead of shutting down. */
  readonly reboot?: boolean;
  /** reset: only these partitions. */
  readonly partitions?: readonly string[];
  /** upgrade: keep the node's data. */
  readonly preserve?: boolean;
}

/** Sequences with their number in the seed era's order. */
export const SEQUENCES = {
  applyConfiguration: 0,
  boot: 1,
  bootstrap: 2,
  initialize: 3,
  install: 4,
  shutdown: 5,
  upgrade: 6,
  stageUpgrade: 7,
  reset: 8,
  reboot: 9,
  recover: 10,
} as const;
/** Name of a sequence. */
export type SequenceName = keyof typeof SEQUENCES;

/** Tasks that run together. */
export interface Phase {
  readonly name: string;
  readonly tasks: readonly string[];
  /** It changes nothing any more; another sequence may end it. */
  readonly waits?: true;
}

type Maybe = Phase | readonly Maybe[] | false;

function phase(name: string, ...tasks: string[]): Phase {
  return { name, tasks };
}

function list(...phases: Maybe[]): Phase[] {
  return phases.flatMap((entry): Phase[] => {
    if (entry === false) return [];
    return Array.isArray(entry) ? list(...entry) : [entry as Phase];
  });
}

/** The phases of `name` on `node`; empty where the node has no such sequence. */
export function phasesOf(
  name: SequenceName,
  node: SequenceNode,
  options: SequenceOptions = {},
): Phase[] {
  return SEQUENCE_LISTS[name](node, options);
}

type List = (node: SequenceNode, options: SequenceOptions) => Phase[];

const SEQUENCE_LISTS: Record<SequenceName, List> = {
  initialize: (node) =>
    inContainer(node) ? initializeContainer() : list(
      phase("logger", "setupLogger"),
      phase(
        "systemRequirements",
        "enforceKSPPRequirements",
        "writeRequiredSysctls",
        "setupSystemDirectory",
        "mountBPFFS",
        "mountCgroups",
        "mountPseudoFilesystems",
        "setRLimit",
      ),
      phase("integrity", "writeIMAPolicy"),
      phase("etc", "createEtcNetworkFiles", "createOSReleaseFile"),
      phase("services", "startMachined", "startContainerd"),
      phase("hosts", "startHosts"),
      phase("discoverNetwork", "setupDiscoveryNetwork"),
      node.installed && phase("mountSystem", "mountStatePartition"),
      phase("config", "loadConfig"),
      node.installed && phase("unmountSystem", "unmountStatePartition"),
      phase("resetNetwork", "resetNetwork"),
      phase("setupNetwork", "setupDiscoveryNetwork"),
    ),

  install: (node) =>
    inContainer(node) || node.installed ? [] : list(
      phase("validateConfig", "validateConfig"),
      phase("env", "setUserEnvVars"),
      phase("containerd", "startContainerd"),
      phase("timed", "startTimedAtInstall"),
      phase("install", "install"),
      phase("mountState", "mountStatePartition"),
      phase("saveConfig", "saveConfig"),
      phase("unmountState", "unmountStatePartition"),
      phase("stopEverything", "stopAllServices"),
      phase("reboot", "reboot"),
    ),

  boot: (node) =>
    list(
      onMetal(node) && phase("mountState", "mountStatePartition"),
      phase("validateConfig", "validateConfig"),
      phase("saveConfig", "saveConfig"),
      phase("env", "setUserEnvVars"),
      phase("containerd", "startContainerd"),
      inContainer(node) && phase("sharedFilesystems", "sharedFilesystems"),
      onMetal(node) && list(
        phase("ephemeral", "mountEphermeralPartition"),
        phase("verifyInstall", "verifyInstall"),
      ),
      phase("var", "setupVarDirectory"),
      phase("overlay", "mountOverlayFilesystems"),
      onMetal(node) && list(
        phase("udevd", "startUdevd"),
        phase("userDisks", "mountUserDisks"),
      ),
      phase("userSetup", "writeUserFiles", "writeUserSysctls"),
      onMetal(node) && phase("lvm", "activateLogicalVolumes"),
      { ...phase("startEverything", "startEverything"), waits: true },
      onMetal(node) && list(
        node.type !== "join" && phase("labelMaster", "labelNodeAsMaster"),
        phase("uncordon", "uncordonNode"),
        phase("bootloader", "updateBootloader"),
      ),
    ),

  bootstrap: () =>
    list(
      phase("etcd", "bootstrapEtcd"),
      phase("kubernetes", "bootstrapKubernetes"),
      phase("initStatus", "setInitStatus"),
    ),

  applyConfiguration: (node) =>
    inContainer(node)
      ? list(
        phase("saveConfig", "saveConfig"),
        phase("env", "setUserEnvVars"),
        phase("userSetup", "writeUserFiles", "writeUserSysctls"),
        phase("registries", "writeRegistries"),
        phase("restartServices", "restartAffectedServices"),
      )
      : list(
        phase("mountState", "mountStatePartition"),
        phase("saveConfig", "saveConfig"),
        phase("unmountState", "unmountStatePartition"),
        stopAll(node),
        phase("reboot", "reboot"),
      ),

  reboot: (node) =>
    inContainer(node) ? [] : list(
      stopAll(node),
      phase("reboot", "reboot"),
    ),

  shutdown: (node) => list(stopAll(node), phase("shutdown", "shutdown")),

  reset: (node, { graceful = false, reboot = false, partitions = [] }) =>
    inContainer(node)
      ? list(stopAll(node), phase("shutdown", "shutdown"))
      : list(
        graceful && phase("drain", "cordonAndDrainNode"),
        graceful && node.type !== "join" && phase("leave", "leaveEtcd"),
        phase("cleanup", graceful ? "removeAllPods" : "stopAllPods"),
        stopAll(node),
        partitions.length === 0
          ? phase("reset", "resetSystemDisk")
          : phase("resetSpec", "resetSystemDiskPartitions"),
        reboot ? phase("reboot", "reboot") : phase("shutdown", "shutdown"),
      ),

  upgrade: (node, { preserve = false }) =>
    inContainer(node) ? [] : list(
      phase("drain", "cordonAndDrainNode"),
      !preserve && node.type !== "join" && phase("leave", "leaveEtcd"),
      phase("cleanup", preserve ? "stopAllPods" : "removeAllPods"),
      phase("stopServices", "stopServicesForUpgrade"),
      phase("unmountUser", "unmountUserDisks"),
      phase("unmount", "unmountOverlayFilesystems", "unmountPodMounts"),
      phase(
        "unmountSystem",
        "unmountEphemeralPartition",
        "unmountStatePartition",
      ),
      phase("unmountBind", "unmountSystemDiskBindMounts"),
      phase("verifyDisk", "verifyDiskAvailability"),
      phase("upgrade", "upgrade"),
      phase("stopEverything", "stopAllServices"),
      phase("reboot", "reboot"),
    ),

  stageUpgrade: (node, { preserve = false }) =>
    inContainer(node) ? [] : list(
      !preserve && node.type !== "join" && phase("leave", "leaveEtcd"),
      stopAll(node),
      phase("reboot", "reboot"),
    ),

  recover: () => list(phase("recover", "recover")),
};

function initializeContainer(): Phase[] {
  return list(
    phase("logger", "setupLogger"),
    phase(
      "systemRequirements",
      "writeRequiredSysctlsForContainer",
      "setupSystemDirectory",
      "delegateCgroups",
    ),
    phase("etc", "createOSReleaseFile"),
    // The API and the hosts come before the config: it may arrive by the API.
    phase("services", "startMachined", "startContainerd"),
    phase("hosts", "startHosts"),
    phase("config", "loadConfig"),
  );
}

function stopAll(node: SequenceNode): Phase[] {
  if (inContainer(node)) return [phase("stopEverything", "stopAllServices")];
  return [
    phase("stopEverything", "stopAllServices"),
    phase("unmountUser", "unmountUserDisks"),
    phase("umount", "unmountOverlayFilesystems", "unmountPodMounts"),
    phase(
      "unmountSystem",
      "unmountEphemeralPartition",
      "unmountStatePartition",
    ),
    phase("unmountBind", "unmountSystemDiskBindMounts"),
  ];
}

function inContainer(node: SequenceNode): boolean {
  return node.mode === "container";
}

function onMetal(node: SequenceNode): boolean {
  return node.mode === "metal";
}
