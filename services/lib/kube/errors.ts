/** What the API server answers when it does not do what it is asked. */
import { AgentError } from "../errors.ts";

/** Why, by the status of HTTP and the reason of the API. */
export type KubeProblemKind =
  | "notFound"
  | "conflict"
  | "forbidden"
  | "unauthorized"
  | "invalid"
  /** Not there, starting, or not able to; ask again. */
  | "unavailable"
  /** Too old to continue a watch from. */
  | "expired"
  /** An answer that is not one of the API, or too large. */
  | "answer";

/** The problem as data. */
export interface KubeProblem {
  readonly kind: KubeProblemKind;
  readonly status: number;
  /** What the API says more exactly, for instance which budget it is. */
  readonly causes?: readonly Cause[];
}

/** One of `details.causes` of an answer. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
}

/** Of one answer. */
const CAUSES_MAX = 8;
const CAUSE_CHARS_MAX = 300;

/** What of `causes` is one; a peer wrote it. */
export function causesOf(causes: unknown): Cause[] {
  if (!Array.isArray(causes)) return [];
  return causes.slice(0, CAUSES_MAX).flatMap((one: unknown): Cause[] => {
    const { reason, message } = (one ?? {}) as Record<string, unknown>;
    if (typeof message !== "string") return [];
    const text = (value: string) => value.slice(0, CAUSE_CHARS_MAX);
    return [{
      reason: typeof reason === "string" ? text(reason) : "",
      message: text(message),
    }];
  });
}

/** A refusal of the API server. */
export class KubeError extends AgentError<KubeProblem> {
  override name = "KubeError";
}

const KINDS: Readonly<Record<number, KubeProblemKind>> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  404: "notFound",
  409: "conflict",
  410: "expired",
  422: "invalid",
};

/** The kind of problem that a status of HTTP is. */
export function kindOfStatus(status: number): KubeProblemKind {
  return KINDS[status] ?? (status >= 429 ? "unavailable" : "answer");
}

/** Whether asking again later may help. */
export function isTransient(thrown: unknown): boolean {
  if (!(thrown instanceof KubeError)) return false;
  const { kind } = thrown.problem;
  return kind === "unavailable" || kind === "conflict" || kind === "expired";
}

/** Whether it is not there. */
export function isNotFound(thrown: unknown): boolean {
  return thrown instanceof KubeError && thrown.problem.kind === "notFound";
}
