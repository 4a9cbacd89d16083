/**
 * What remains of an upgrade of Kubernetes, given what is seen to run: one
 * control plane at a time, one component at a time, kube-proxy last. It is
 * worked out anew from what runs, so an upgrade that was cut off goes on by
 * being asked for again. Pure.
 */
import { versionTag } from "#lib/config/mod.ts";
import { AgentError } from "#lib/errors.ts";
import { COMPONENTS } from "#lib/kube/control_plane.ts";

/** A component of the control plane, in the order in which they change. */
export type UpgradedComponent = typeof COMPONENTS[number];

/** What one control plane runs. */
export interface SeenControlPlane {
  /** Its name in Kubernetes. */
  readonly node: string;
  /** Empty: Kubernetes knows none. */
  readonly address: string;
  /** The tags of the images; absent: there is no pod. */
  readonly versions: Readonly<Partial<Record<UpgradedComponent, string>>>;
}

/** What the whole cluster runs. */
export interface SeenCluster {
  readonly controlPlanes: readonly SeenControlPlane[];
  /** The tag that all nodes are to run; absent: there is none. */
  readonly proxy?: string;
}

/** The component that runs on every node. */
export const PROXY = "kube-proxy";

/** One change; after it comes a wait until it serves. */
export interface UpgradeStep {
  /** Empty: all nodes. */
  readonly node: string;
  readonly component: UpgradedComponent | typeof PROXY;
  readonly from: string;
  readonly to: string;
}

/** From where to where. */
export interface UpgradeRequest {
  readonly to: string;
  /** What has to run now; empty: whatever does. */
  readonly from: string;
}

/** What is wrong with what was asked for, or with what runs. */
export interface UpgradeRefusal {
  readonly kind: "invalidArgument" | "failedPrecondition";
}

/** An upgrade that is not begun. */
export class UpgradeRefused extends AgentError<UpgradeRefusal> {
  override name = "UpgradeRefused";

  constructor(kind: UpgradeRefusal["kind"], why: string) {
    super({ kind }, `Cannot upgrade Kubernetes: ${why}`);
  }
}

type Version = readonly [major: number, minor: number, patch: number];

/** Like v1.37.2; undefined: it is no release. */
function parse(text: string): Version | undefined {
  const match = /^v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(text);
  return match
    ? [Number(match[1]), Number(match[2]), Number(match[3])]
    : undefined;
}

function asked(text: string, what: string): Version {
  const version = parse(text);
  if (version) return version;
  throw new UpgradeRefused(
    "invalidArgument",
    `${what} is "${text}", which is not a release of Kubernetes (like v1.37.2)`,
  );
}

function isOlder(left: Version, right: Version): boolean {
  for (const [i, part] of left.entries()) {
    if (part !== right[i]) return part < right[i]!;
  }
  return false;
}

/** Whether `at`, which runs `tag`, is to change. @throws {UpgradeRefused} */
function mustChange(
  tag: string | undefined,
  { at, to, from }: UpgradeRequest & { readonly at: string },
): boolean {
  const refuse = (why: string) => new UpgradeRefused("failedPrecondition", why);
  if (tag === undefined) throw refuse(`${at} has no pod`);
  const runs = parse(tag), wanted = parse(to)!;
  if (!runs) throw refuse(`${at} runs "${tag}", which is not a release`);
  if (isOlder(wanted, runs)) {
    throw refuse(
      `${at} runs ${tag}, which is newer than ${to}: there is no way back`,
    );
  }
  const [major, minor] = runs;
  if (wanted[0] !== major || wanted[1] - minor > 1) {
    throw refuse(
      `${at} runs ${tag}, and ${to} is more than one minor release away: go by v${major}.${
        minor + 1
      } first`,
    );
  }
  if (!isOlder(runs, wanted)) return false;
  if (from !== "" && tag !== from) {
    throw refuse(`${at} runs ${tag}, not ${from}`);
  }
  return true;
}

/** The same with versions as tags have them. @throws {UpgradeRefused} */
export function checkedRequest({ to, from }: UpgradeRequest): UpgradeRequest {
  asked(to, "the release to go to");
  if (from !== "") asked(from, "the release to come from");
  return { to: versionTag(to), from: from && versionTag(from) };
}

/**
 * The steps that are left, in order; none when all run `to`.
 *
 * @throws {UpgradeRefused} before any step is made
 */
export function remainingSteps(
  { controlPlanes, proxy }: SeenCluster,
  request: UpgradeRequest,
): UpgradeStep[] {
  const { to } = request;
  const steps: UpgradeStep[] = [];
  for (const { node, versions } of controlPlanes) {
    for (const component of COMPONENTS) {
      const tag = versions[component];
      const at = `${component} of ${node}`;
      if (!mustChange(tag, { ...request, at })) continue;
      steps.push({ node, component, from: tag!, to });
    }
  }
  if (proxy !== undefined && mustChange(proxy, { ...request, at: PROXY })) {
    steps.push({ node: "", component: PROXY, from: proxy, to });
  }
  return steps;
}
