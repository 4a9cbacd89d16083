/**
 * The upgrade of one node, from what is left to do to its end. What changes is
 * this node's own machine config, one image at a time; the keeper does the
 * rest. Images are there before anything changes, the cluster is well before
 * and after. The kubelets are not touched: they may be older.
 */
import type { Clock } from "#lib/clock.ts";
import { edited, retagged, valueAt } from "#lib/config/mod.ts";
import { AgentError, chainOf } from "#lib/errors.ts";
import type { KubeClient } from "#lib/kube/client.ts";
import { KubeError } from "#lib/kube/errors.ts";
import type { Logger } from "#lib/log.ts";
import { ApplyError } from "../configurator.ts";
import type { HealthChecks } from "../health.ts";
import type { Tell } from "../images.ts";
import type { KubernetesInput } from "./input.ts";
import { RolloutError } from "./rollout.ts";
import {
  PROXY,
  remainingSteps,
  type UpgradeRequest,
  type UpgradeStep,
} from "./upgrade_plan.ts";
import type { UpgradeProgress } from "./upgrade_run.ts";
import { seeCluster, type WantedImage, whyNotServing } from "./upgrade_view.ts";

/** An upgrade that stopped on its way; asked for again, it goes on. */
class UpgradeError extends AgentError<
  { readonly kind: "deadlineExceeded" }
> {
  override name = "UpgradeError";
}

/** What is asked for, and of whom. */
export interface UpgradeCall extends UpgradeRequest {
  /** An API server to ask in place of the cluster's endpoint; may be empty. */
  readonly endpoint: string;
}

/** What the upgrade of a node works with. */
export interface UpgradeOptions {
  /** The config in use, as it was given. */
  readonly source: () => Uint8Array;
  /** Stores a config and puts it to use. */
  readonly apply: (source: Uint8Array) => Promise<void>;
  readonly health: Pick<HealthChecks, "check">;
  /** Pulls an image, once, unless it is there. */
  readonly pull: (
    image: string,
    options: { readonly tell: Tell; readonly signal: AbortSignal },
  ) => Promise<unknown>;
  /** Why the keeper's last pass failed, if it did. */
  readonly keeperProblem: () => unknown;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One upgrade that is under way. */
export interface Upgrade extends UpgradeOptions {
  readonly call: UpgradeCall;
  readonly input: () => KubernetesInput;
  readonly kube: KubeClient;
  readonly tell: (progress: UpgradeProgress) => void;
  readonly signal: AbortSignal;
}

/** A step, with the reference of the image that it goes to. */
interface Change extends UpgradeStep {
  readonly image: string;
}

/** Where the config has the images. */
const PATHS: Readonly<Record<UpgradeStep["component"], string>> = {
  "kube-apiserver": "cluster.apiServer.image",
  "kube-controller-manager": "cluster.controllerManager.image",
  "kube-scheduler": "cluster.scheduler.image",
  "kube-proxy": "cluster.proxy.image",
};

/** For the whole cluster to be well, before and after. */
const HEALTH_MS = 10 * 60_000;
/** For one component; the keeper gives up before. */
const SERVE_MS = 6 * 60_000;
const LOOK_MS = 500;
/** A sequence that runs keeps a config from being applied. */
const BUSY_MS = 60_000;

function imageIn(
  { config }: KubernetesInput,
  component: UpgradeStep["component"],
): string {
  return String(valueAt(config, PATHS[component]));
}

/**
 * What is left for this node: its own components, and kube-proxy once there is
 * nothing left for the others. Each control plane applies kube-proxy, so all
 * their configs have to say the same.
 */
async function changesLeft(
  { call, kube, input, signal }: Upgrade,
): Promise<Change[]> {
  const now = input();
  const seen = await seeCluster(kube, signal);
  const steps = remainingSteps(seen, call);
  const own = steps.filter(({ node }) => node === now.hostname);
  const others = steps.some(({ node }) => node !== "" && node !== now.hostname);
  const withImage = (step: UpgradeStep): Change => ({
    ...step,
    image: retagged(imageIn(now, step.component), call.to),
  });
  const changes = own.map(withImage);
  if (others || seen.proxy === undefined) return changes;
  const proxy = { node: "", component: PROXY, from: seen.proxy, to: call.to };
  const change = withImage({ ...proxy, component: PROXY });
  const same = seen.proxy === call.to && imageIn(now, PROXY) === change.image;
  return same ? changes : [...changes, change];
}

async function pullAll(
  changes: readonly Change[],
  { tell, pull, signal }: Upgrade,
): Promise<void> {
  for (const { image: name } of changes) {
    const say = (reason: string, done = false) =>
      tell({ kind: "image", name, done, reason });
    say("");
    await pull(name, { tell: say, signal });
    say("", true);
  }
}

/** @throws {HealthError} */
async function untilWell(
  { health, call, tell, signal }: Upgrade,
): Promise<void> {
  const request = {
    cluster: { controlPlanes: [], workers: [] },
    kubernetesEndpoint: call.endpoint,
    timeoutMs: HEALTH_MS,
  };
  for await (const news of health.check(request, signal)) {
    if (news.kind !== "condition") continue;
    const { condition: name, state, reason } = news;
    tell({ kind: "condition", name, done: state === "ok", reason });
  }
}

/** Puts the image into this node's config. */
async function write(
  { component, image }: Change,
  { input, source, apply, clock, signal }: Upgrade,
): Promise<void> {
  const end = clock.monotonic() + BUSY_MS;
  while (imageIn(input(), component) !== image) {
    try {
      return await apply(edited(source(), { [PATHS[component]]: image }));
    } catch (thrown) {
      const busy = thrown instanceof ApplyError &&
        thrown.problem.kind === "unavailable";
      if (!busy || clock.monotonic() >= end) throw thrown;
      await clock.sleep(LOOK_MS, signal);
    }
  }
}

/** Why it does not serve yet. @throws {RolloutError} it never will */
async function whyNot(
  wanted: WantedImage,
  { kube, keeperProblem, signal }: Upgrade,
): Promise<string | undefined> {
  const problem = keeperProblem();
  const lost = problem instanceof RolloutError &&
    problem.problem.component === wanted.component;
  if (lost) throw problem;
  try {
    const reason = await whyNotServing(wanted, kube, signal);
    // What stands in its way, where the node only sees that nothing moves.
    return reason && problem ? `${reason}; ${chainOf(problem)}` : reason;
  } catch (thrown) {
    // The API server itself may be the one that starts.
    if (thrown instanceof KubeError) return thrown.message;
    throw thrown;
  }
}

async function make(change: Change, upgrade: Upgrade): Promise<void> {
  const { component, node, from, to } = change;
  const { tell, clock, log, signal } = upgrade;
  const say = (reason: string, done = false) =>
    tell({ kind: "component", name: component, from, to, done, reason });
  log.info(`upgrade: ${component} goes from ${from} to ${to}`);
  say("");
  await write(change, upgrade);
  const end = clock.monotonic() + SERVE_MS;
  for (let told = "";;) {
    const reason = await whyNot({ ...change, node }, upgrade);
    if (reason === undefined) return say("", true);
    if (reason !== told) say(reason);
    told = reason;
    if (clock.monotonic() >= end) {
      throw new UpgradeError(
        { kind: "deadlineExceeded" },
        `${component} ${to} does not serve after ${
          SERVE_MS / 1000
        } s: ${reason}`,
      );
    }
    await clock.sleep(LOOK_MS, signal);
  }
}

/**
 * Makes what is left for this node, one after the other.
 *
 * @throws {UpgradeRefused} | {PullError} with nothing changed
 * @throws {RolloutError} | {UpgradeError} | {HealthError} on the way
 */
export async function upgradeNode(upgrade: Upgrade): Promise<void> {
  const changes = await changesLeft(upgrade);
  if (changes.length > 0) {
    await pullAll(changes, upgrade);
    await untilWell(upgrade);
    for (const change of changes) await make(change, upgrade);
  }
  await untilWell(upgrade);
}
