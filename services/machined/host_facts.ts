/** What the kernel lets this node do, read once from /proc. */
import {
  type Capability,
  effectiveCapabilities,
} from "#lib/sys/capabilities.ts";
import type { Files } from "./files.ts";

/** See the top of the file. */
export interface HostFacts {
  /** All that machined has: containers cannot be given more. */
  readonly capabilities: readonly Capability[];
  /** A lower score is refused to whatever the node starts. */
  readonly oomScoreAdjMin: number;
  /** The version of the control groups that have the controllers. */
  readonly cgroupVersion: 1 | 2;
}

const OOM_SCORE_ADJ_MIN = -1000;

/** The facts of the process whose files `files` shows. */
export async function readHostFacts(
  files: Pick<Files, "read">,
): Promise<HostFacts> {
  const text = async (path: string) =>
    new TextDecoder().decode(await files.read(path));
  const capabilities = effectiveCapabilities(await text("/proc/self/status"));
  const own = Number(await text("/proc/self/oom_score_adj"));
  const controllers = await text("/sys/fs/cgroup/cgroup.controllers");
  return {
    capabilities,
    oomScoreAdjMin: capabilities.includes("CAP_SYS_RESOURCE")
      ? OOM_SCORE_ADJ_MIN
      : own,
    cgroupVersion: controllers.trim() === "" ? 1 : 2,
  };
}
