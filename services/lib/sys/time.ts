/**
 * The machine's clock: clock_settime(2) and adjtimex(2). Only timed, and only
 * where the clock is the node's own, may call these.
 *
 * ```
 * struct timex (208 bytes)      0 modes u32     8 offset i64   16 freq i64
 *  24 maxerror i64  32 esterror i64  40 status i32  48 constant i64  ...
 * ```
 */
import { viewOf } from "./buffer.ts";
import * as k from "./constants.ts";
import { checked, libc } from "./libc.ts";
import type { ClockAdjustment } from "./sys.ts";

const TIMEX_BYTES = 208;

/** clock_settime(2) of CLOCK_REALTIME. */
export function setTime(unixNs: bigint): void {
  const timespec = new Uint8Array(16);
  const view = viewOf(timespec);
  view.setBigInt64(0, unixNs / 1_000_000_000n, true);
  view.setBigInt64(8, unixNs % 1_000_000_000n, true);
  checked(libc().clock_settime(k.CLOCK_REALTIME, timespec), {
    syscall: "clock_settime",
    action: "set the clock",
  });
}

/** The bytes of `struct timex`; pure, so that they can be tested. */
export function encodeTimex(
  adjustment: ClockAdjustment,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TIMEX_BYTES);
  const view = viewOf(bytes);
  let modes = 0;
  if (adjustment.offsetNs !== undefined) {
    modes |= k.ADJ_OFFSET | k.ADJ_NANO;
    view.setBigInt64(8, BigInt(Math.round(adjustment.offsetNs)), true);
  }
  if (adjustment.maxErrorUs !== undefined) {
    modes |= k.ADJ_MAXERROR;
    view.setBigInt64(24, BigInt(Math.round(adjustment.maxErrorUs)), true);
  }
  if (adjustment.estimatedErrorUs !== undefined) {
    modes |= k.ADJ_ESTERROR;
    view.setBigInt64(32, BigInt(Math.round(adjustment.estimatedErrorUs)), true);
  }
  if (adjustment.status !== undefined) {
    modes |= k.ADJ_STATUS;
    view.setInt32(40, adjustment.status, true);
  }
  if (adjustment.timeConstant !== undefined) {
    modes |= k.ADJ_TIMECONST;
    view.setBigInt64(48, BigInt(adjustment.timeConstant), true);
  }
  view.setUint32(0, modes, true);
  return bytes;
}

/** adjtimex(2); an empty adjustment only asks. */
export function adjustTime(adjustment: ClockAdjustment): number {
  const timex = encodeTimex(adjustment);
  return checked(libc().adjtimex(timex), {
    syscall: "adjtimex",
    action: "adjust the clock",
  });
}
