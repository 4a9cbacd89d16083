/** MachineService.Processes: what runs on the node, from /proc (proc(5)). */
import { create } from "@bufbuild/protobuf";
import {
  type ProcessesResponse,
  ProcessesResponseSchema,
  type ProcessInfo,
  ProcessInfoSchema,
} from "#proto/machine_pb.ts";

const USER_HZ = 100;
const PAGE_BYTES = 4096n;
/** A reply must stay a message: longer command lines are cut. */
const ARGS_CHARS_MAX = 1024;

/** The fields of /proc/PID/stat that the API carries. */
export interface ProcessStat {
  readonly pid: number;
  readonly command: string;
  readonly state: string;
  readonly ppid: number;
  readonly cpuSeconds: number;
  readonly threads: number;
  readonly virtualBytes: bigint;
  readonly residentBytes: bigint;
}

/** Decodes /proc/PID/stat; undefined when the text is not of that form. */
export function parseStat(text: string): ProcessStat | undefined {
  // The command is in parentheses and may hold any byte, even ")".
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const rest = text.slice(close + 2).trim().split(" ");
  if (open < 1 || close < open || rest.length < 22) return undefined;
  const [state, ppid] = rest;
  return {
    pid: Number(text.slice(0, open)),
    command: text.slice(open + 1, close),
    state: state!,
    ppid: Number(ppid),
    cpuSeconds: (Number(rest[11]) + Number(rest[12])) / USER_HZ,
    threads: Number(rest[17]),
    virtualBytes: BigInt(rest[20]!),
    residentBytes: BigInt(rest[21]!) * PAGE_BYTES,
  };
}

/** The reply, by rising pid. */
export function processes(): ProcessesResponse {
  const pids = [...Deno.readDirSync("/proc")]
    .map((entry) => Number(entry.name))
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
  const found = pids.map(processOf).filter((info) => info !== undefined);
  return create(ProcessesResponseSchema, { messages: [{ processes: found }] });
}

function processOf(pid: number): ProcessInfo | undefined {
  const stat = parseStat(readOr(`/proc/${pid}/stat`));
  // It ended since the directory was read.
  if (!stat) return undefined;
  const args = readOr(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
  return create(ProcessInfoSchema, {
    pid,
    ppid: stat.ppid,
    state: stat.state,
    threads: stat.threads,
    cpuTime: stat.cpuSeconds,
    virtualMemory: stat.virtualBytes,
    residentMemory: stat.residentBytes,
    command: stat.command,
    executable: executableOf(pid),
    args: args.slice(0, ARGS_CHARS_MAX),
  });
}

function readOr(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function executableOf(pid: number): string {
  try {
    return Deno.readLinkSync(`/proc/${pid}/exe`);
  } catch {
    // A kernel thread has none.
    return "";
  }
}
