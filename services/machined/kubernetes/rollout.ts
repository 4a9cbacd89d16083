/**
 * Puts the control plane of this node in place: the files of its components,
 * then their pods: the API server first, the others when it answers; where
 * pods run already each only when the one before is well again.
 */
import type { Clock } from "#lib/clock.ts";
import { AgentError } from "#lib/errors.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { KubeError } from "#lib/kube/errors.ts";
import { isPodReady, whyPodWaits } from "#lib/kube/pods.ts";
import { type Pod, RESOURCES } from "#lib/kube/resources.ts";
import type { Logger } from "#lib/log.ts";
import { dirname } from "@std/path";
import type { Files } from "../files.ts";
import { controlPlanePods } from "./control_plane.ts";
import { KUBERNETES_PATHS, type KubernetesInput } from "./input.ts";
import { controlPlaneSecrets } from "./secrets.ts";
import { CONFIG_DIGEST, type StaticPod } from "./static_pod.ts";

/** A component that is not well with its new settings. */
export class RolloutError extends AgentError<
  { readonly kind: "rollout"; readonly component: string }
> {
  override name = "RolloutError";

  constructor(component: string, why: string) {
    super(
      { kind: "rollout", component },
      `${component} is not ready with its new settings after ${
        READY_MS / 1000
      } s: ${why}; what comes after it stays as it was`,
    );
  }
}

/** What a rollout touches. */
export interface RolloutOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
  /** Components that did not come up: the next pass waits for them again. */
  readonly lost: Set<string>;
  /** The API server of this node. */
  readonly client: (input: KubernetesInput) => Promise<KubeClient>;
}

/** A new image may have to be pulled first. */
const READY_MS = 5 * 60_000;
const LOOK_MS = 1_000;
const ANSWER_LOOK_MS = 200;
/** Longer than the kubelet lets a pod end by itself. */
const GONE_MS = 45_000;
/** Where the kubelet has a directory for each pod, by its uid. */
const POD_DIRS = "/var/lib/kubelet/pods";
/** The uid of a static pod, which is not that of its mirror in the API. */
const CONFIG_HASH = "kubernetes.io/config.hash";
/** Beside the directory that the kubelet reads, in the same file system. */
const STAGED = "/etc/kubernetes/.staged";

function isReady(pod: Pod, digest: string): boolean {
  return pod.metadata.annotations?.[CONFIG_DIGEST] === digest &&
    isPodReady(pod);
}

/** Why it is not, for instance an image that does not exist. */
function whyNot(pod: Pod, digest: string): string {
  return pod.metadata.annotations?.[CONFIG_DIGEST] === digest
    ? whyPodWaits(pod)
    : "the kubelet has not taken them up";
}

function placeOf(name: string, { hostname }: KubernetesInput) {
  return { namespace: "kube-system", name: `${name}-${hostname}` };
}

/** The others end when there is no API server yet, and then wait ever longer. */
async function untilAnswering(
  input: KubernetesInput,
  { options, signal }: { options: RolloutOptions; signal: AbortSignal },
): Promise<void> {
  const { clock, client } = options;
  while (!await (await client(input)).ready(signal)) {
    await clock.sleep(ANSWER_LOOK_MS, signal);
  }
}

/** Of the pod that runs; undefined: nobody can say. */
async function uidOf(
  name: string,
  input: KubernetesInput,
  { options, signal }: { options: RolloutOptions; signal: AbortSignal },
): Promise<string | undefined> {
  try {
    const api = await options.client(input);
    const pod = await api.get(RESOURCES.pods, placeOf(name, input), signal);
    const uid = pod.metadata.annotations?.[CONFIG_HASH] ?? "";
    return /^[\w-]+$/.test(uid) ? uid : undefined;
  } catch (thrown) {
    if (thrown instanceof KubeError) return undefined;
    throw thrown;
  }
}

/**
 * Takes a pod away before another one comes in its place. The kubelet would
 * begin that one only ten seconds and more after the end of the one before.
 */
async function takeAway(
  { name, path }: StaticPod,
  input: KubernetesInput,
  { options, signal }: { options: RolloutOptions; signal: AbortSignal },
): Promise<void> {
  const { files, clock } = options;
  const uid = await uidOf(name, input, { options, signal });
  if (uid === undefined) return;
  await files.remove(path);
  const end = clock.monotonic() + GONE_MS;
  const there = () => files.realPath(`${POD_DIRS}/${uid}`);
  while (await there() !== undefined && clock.monotonic() < end) {
    // Whatever happens, the other one comes.
    if (signal.aborted) return;
    await clock.sleep(ANSWER_LOOK_MS, signal).catch(() => {});
  }
}

async function untilReady(
  { name, digest }: StaticPod,
  input: KubernetesInput,
  { options, signal }: { options: RolloutOptions; signal: AbortSignal },
): Promise<void> {
  const { clock, client, log, lost } = options;
  const place = placeOf(name, input);
  lost.add(name);
  const end = clock.monotonic() + READY_MS;
  let why = "";
  while (clock.monotonic() < end) {
    try {
      const api = await client(input);
      const pod = await api.get(RESOURCES.pods, place, signal);
      if (isReady(pod, digest)) return void lost.delete(name);
      const now = whyNot(pod, digest);
      if (now !== why) log.info(`${name} is not ready yet: ${now}`);
      why = now;
    } catch (thrown) {
      // The API server itself may be the one that starts.
      if (!(thrown instanceof KubeError)) throw thrown;
      why = thrown.message;
    }
    await clock.sleep(LOOK_MS, signal);
  }
  throw new RolloutError(name, why);
}

/**
 * Makes the control plane that `input` asks for; the names of the components
 * that were started or changed.
 *
 * @throws {RolloutError}
 */
export async function rollOut(
  input: KubernetesInput,
  options: RolloutOptions,
  signal: AbortSignal,
): Promise<string[]> {
  const { files, clock, log } = options;
  const encode = (text: string) => new TextEncoder().encode(text);
  const secrets = await controlPlaneSecrets(input, clock);
  for (const { path, text } of secrets) {
    await files.mkdir(dirname(path), 0o700);
    await files.replace(path, encode(text), 0o600);
  }
  await files.mkdir(KUBERNETES_PATHS.manifests, 0o700);
  const changed: string[] = [];
  for (const pod of controlPlanePods(input, secrets)) {
    const before = await files.read(pod.path);
    const text = before && new TextDecoder().decode(before);
    if (text === pod.text) {
      if (!options.lost.has(pod.name)) continue;
      await untilReady(pod, input, { options, signal });
      continue;
    }
    log.info(`${pod.name}: ${text === undefined ? "starts" : "changes"}`);
    if (text !== undefined) await takeAway(pod, input, { options, signal });
    await files.replace(pod.path, encode(pod.text), 0o600, STAGED);
    changed.push(pod.name);
    if (text !== undefined) await untilReady(pod, input, { options, signal });
    else if (pod.name === "kube-apiserver") {
      await untilAnswering(input, { options, signal });
    }
  }
  return changed;
}
