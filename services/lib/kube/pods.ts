/** Whether a pod serves, and why it does not, in the API's own words. Pure. */
import type { Condition, Pod } from "./resources.ts";

/** Of the API's own words. */
const WHY_CHARS = 300;

/** Whether the condition `type` of a pod or a node holds. */
export function holds(
  conditions: readonly Condition[] | undefined,
  type: string,
): boolean {
  return (conditions ?? [])
    .some((one) => one.type === type && one.status === "True");
}

/** Whether it is ready, and is to stay. */
export function isPodReady({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined &&
    holds(status?.conditions, "Ready");
}

/** Why it is not, for instance an image that does not exist. */
export function whyPodWaits({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return "it is being removed";
  const waiting = (status?.containerStatuses ?? [])
    .map(({ state }) => state?.waiting)
    .find((one) => one !== undefined);
  const unscheduled = (status?.conditions ?? [])
    .find(({ type, status }) => type === "PodScheduled" && status === "False");
  const { reason = "it does not answer", message } = waiting ?? unscheduled ??
    {};
  const text = message === undefined ? reason : `${reason}: ${message}`;
  return text.slice(0, WHY_CHARS);
}
