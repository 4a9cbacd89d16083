/** Times as Go prints them. Pure: the zone is an argument. */
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { formatDuration } from "./duration.ts";

const MONTHS = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
];

const two = (n: number) => String(n).padStart(2, "0");

/** Milliseconds since 1970, without the part below. */
export function timestampMs(timestamp: Timestamp): number {
  return Number(timestamp.seconds) * 1000 + timestamp.nanos / 1e6;
}

/** As `time.Time.String()` in UTC: `2026-11-23 12:51:10.5 +0000 UTC`. */
export function formatGoTime(timestamp: Timestamp | undefined): string {
  const { seconds, nanos } = timestamp ?? { seconds: 0n, nanos: 0 };
  const ms = Number(seconds) * 1000;
  // What no Date can hold is printed as the seconds that were sent.
  if (Math.abs(ms) > 8.64e15) return `${seconds}s`;
  const [day, clock] = new Date(ms).toISOString().split("T") as [
    string,
    string,
  ];
  const fraction = nanos === 0
    ? ""
    : `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;
  return `${day} ${clock.slice(0, 8)}${fraction} +0000 UTC`;
}

/** Older files show the year instead of the seconds. */
const OLD_MS = 180 * 24 * 3600 * 1000;

/** `Nov 23 12:51:10`, or `Nov 23 2025 12:51` for what is half a year old. */
export function formatModified(
  seconds: bigint,
  options: { nowMs: number; zoneOffsetMinutes(ms: number): number },
): string {
  const ms = Number(seconds) * 1000;
  if (Math.abs(ms) > 8.64e15 - 86_400_000) return `${seconds}s`;
  const local = new Date(ms + options.zoneOffsetMinutes(ms) * 60_000);
  const day = `${MONTHS[local.getUTCMonth()]} ${
    String(local.getUTCDate()).padStart(2, " ")
  }`;
  const minutes = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`;
  return options.nowMs - ms > OLD_MS
    ? `${day} ${local.getUTCFullYear()} ${minutes}`
    : `${day} ${minutes}:${two(local.getUTCSeconds())}`;
}

/** `1m5s ago`, whole seconds; empty without a time. */
export function formatAgo(
  timestamp: Timestamp | undefined,
  nowMs: number,
): string {
  if (!timestamp) return "";
  const elapsed = nowMs - timestampMs(timestamp);
  return `${formatDuration(Math.round(elapsed / 1000) * 1000)} ago`;
}
