/** `talosctl upgrade-k8s`: what is left to do, and how far it is. Pure. */
import {
  type KubernetesUpgradePlan,
  type KubernetesUpgradeProgress,
  KubernetesUpgradeProgress_Kind as Kind,
} from "#proto/kubernetes_pb.ts";
import type { Answer } from "../client/answers.ts";
import { withHeader } from "./table.ts";

/** One row per component that is to change. */
export function renderUpgradePlan(
  answers: readonly Answer<KubernetesUpgradePlan>[],
): string {
  const rows = answers.flatMap(({ message }) =>
    message.steps.map(({ node, component, from, to }) => [
      ...[node || "(all nodes)", component, from, to],
    ])
  );
  return withHeader(["NODE", "COMPONENT", "FROM", "TO"], rows);
}

/** The progress as lines. */
export class UpgradeLines {
  /** Conditions of the health that did not hold at once. */
  readonly #waited = new Set<string>();

  /** The line; empty: nothing worth one. */
  text({ node, message }: Answer<KubernetesUpgradeProgress>): string {
    const { kind, name, from, to, done, reason } = message;
    const state = done ? "OK" : reason || "...";
    if (kind === Kind.CONDITION) {
      // Most of them hold at each look: only what waits is told.
      if (!done && reason === "") return "";
      if (done && !this.#waited.delete(name)) return "";
      if (!done) this.#waited.add(name);
      return `waiting for ${name}: ${state}`;
    }
    const what = kind === Kind.IMAGE
      ? `image ${name}`
      : `${name} ${from} -> ${to}`;
    return `waiting for ${what} on ${node}: ${state}`;
  }
}
