/**
 * The access log line of every server, in the shape that seed-era tools count:
 * `<code> [<method>] <duration> <unary|stream> <Success|error> (k=v;k=v)`.
 */
import { codeName, type Status, statusText } from "./status.ts";

/** A finished call. */
export interface FinishedCall {
  readonly path: string;
  readonly kind: "unary" | "stream";
  readonly durationMs: number;
  readonly status: Status;
  /** Values by key, or what {@linkcode metadataText} made of them. */
  readonly metadata: Metadata | string;
}

/** Values by key. */
type Metadata = Readonly<Record<string, readonly string[]>>;

/** A peer decides how long its metadata is; the log does not follow. */
const VALUE_CHARS_MAX = 256;
const PAIRS_MAX = 32;

/** `1.5ms`, `12µs`, `3.2s`: as short as Go prints durations, three digits. */
function durationText(ms: number): string {
  const [value, unit] = ms >= 1000
    ? [ms / 1000, "s"]
    : ms >= 1
    ? [ms, "ms"]
    : [ms * 1000, "µs"];
  return `${Number(value.toPrecision(4))}${unit}`;
}

function pairText([key, values]: [string, readonly string[]]): string {
  if (key === "token") return "token=<hidden>";
  return `${key}=${values.join(",").slice(0, VALUE_CHARS_MAX)}`;
}

/** `k=v;k=v`, sorted by key, the token hidden. */
export function metadataText(metadata: Metadata): string {
  return Object.entries(metadata)
    .sort(([a], [b]) => a < b ? -1 : 1).slice(0, PAIRS_MAX).map(pairText)
    .join(";");
}

/** The line, without a newline. */
export function accessLine(call: FinishedCall): string {
  const { metadata } = call;
  const pairs = typeof metadata === "string"
    ? metadata
    : metadataText(metadata);
  const outcome = call.status.code === 0 ? "Success" : statusText(call.status);
  return `${codeName(call.status.code)} [${call.path}] ${
    durationText(call.durationMs)
  } ${call.kind} ${outcome} (${pairs})`;
}
