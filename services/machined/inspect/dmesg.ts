/** MachineService.Dmesg: the kernel's log, from /dev/kmsg (kernel: dev-kmsg). */
import { create } from "@bufbuild/protobuf";
import { type Data, DataSchema } from "#proto/common_pb.ts";
import { systemClock } from "#lib/clock.ts";
import { closeSync, constants, openSync, readSync } from "node:fs";

/** A record is at most this long (kernel: CONSOLE_EXT_LOG_MAX). */
const RECORD_BYTES_MAX = 8192;
const POLL_MS = 200;

const FACILITIES = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "authpriv",
  "ftp",
];
const PRIORITIES = [
  "emerg",
  "alert",
  "crit",
  "err",
  "warning",
  "notice",
  "info",
  "debug",
];

/** How to read the log; the fields of machine.DmesgRequest. */
export interface DmesgOptions {
  readonly follow: boolean;
  /** Skip what is there already. */
  readonly tail: boolean;
}

/**
 * One record as a line of the API: `kern:    info: [2026-01-02T03:04:05Z]: x`.
 *
 * @param bootMicros Wall-clock time of the boot in microseconds since 1970.
 */
export function formatRecord(record: string, bootMicros: number): string {
  const match = /^(\d+),\d+,(\d+),[^;]*;([^\n]*)/.exec(record);
  if (!match) return record.trimEnd();
  const [, prefix, micros, text] = match;
  const code = Number(prefix);
  const facility = FACILITIES[code >> 3] ??
    (code >> 3 >= 16 ? `local${(code >> 3) - 16}` : `${code >> 3}`);
  const priority = PRIORITIES[code & 7]!.padStart(7);
  const time = rfc3339Micros(bootMicros + Number(micros));
  return `${facility}: ${priority}: [${time}]: ${text}`;
}

/** RFC 3339 with up to six digits of a second, without trailing zeros. */
function rfc3339Micros(micros: number): string {
  const seconds = Math.floor(micros / 1e6);
  const fraction = String(micros - seconds * 1e6).padStart(6, "0")
    .replace(/0+$/, "");
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction === "" ? "" : `.${fraction}`}Z`;
}

/** Lines of the log, one a frame; with `follow` it ends only with the child. */
export async function* dmesg(options: DmesgOptions): AsyncGenerator<Data> {
  // Without O_NONBLOCK a read at the end would block for ever.
  const fd = openSync("/dev/kmsg", constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = new Uint8Array(RECORD_BYTES_MAX);
  const bootMicros = bootTimeMicros();
  let skipping = options.tail;
  try {
    for (;;) {
      const record = readRecord(fd, buffer);
      if (record === undefined) {
        if (!options.follow) return;
        skipping = false;
        await systemClock.sleep(POLL_MS);
      } else if (!skipping) {
        const line = formatRecord(record, bootMicros);
        yield create(DataSchema, { bytes: new TextEncoder().encode(line) });
      }
    }
  } finally {
    closeSync(fd);
  }
}

/** The next record, or undefined at the end of the log. */
function readRecord(fd: number, buffer: Uint8Array): string | undefined {
  for (;;) {
    try {
      const length = readSync(fd, buffer, 0, buffer.length, null);
      return new TextDecoder().decode(buffer.subarray(0, length));
    } catch (thrown) {
      const { code } = thrown as NodeJS.ErrnoException;
      if (code === "EAGAIN") return undefined;
      // EPIPE: the record was overwritten before it was read; go on with the
      // oldest that is left.
      if (code !== "EPIPE") throw thrown;
    }
  }
}

function bootTimeMicros(): number {
  const uptime = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]);
  return Math.round((Date.now() - uptime * 1000) * 1000);
}
