/** Tasks for what the machine config adds: files and kernel settings. */
import { concatBytes } from "#lib/bytes.ts";
import { AgentError } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import { MS_BIND, MS_RDONLY } from "#lib/sys/constants.ts";
import { Mount } from "#lib/sys/mount.ts";
import type { MountSys } from "#lib/sys/sys.ts";
import { dirname, normalize } from "@std/path";
import type { Files } from "../files.ts";
import type { Task } from "../sequencer.ts";
import { isMountPoint, writeSysctls } from "./system.ts";

/** One entry of `machine.files`. */
export interface UserFile {
  readonly content?: string | undefined;
  readonly permissions?: number | undefined;
  readonly path: string;
  readonly op?: "create" | "append" | "overwrite" | undefined;
}

/** What a file of the config may not do. */
export interface UserFileProblem {
  readonly kind: "place" | "missing";
  readonly path: string;
}

/** A file of the config that cannot be written. */
export class UserFileError extends AgentError<UserFileProblem> {
  override name = "UserFileError";

  constructor(problem: UserFileProblem) {
    super(
      problem,
      problem.kind === "place"
        ? `Cannot create "${problem.path}": new files must be in /var`
        : `Cannot write "${problem.path}": it does not exist`,
    );
  }
}

/** Where a file is written, and what it is bound over, if anything. */
export interface UserFilePlan {
  readonly target: string;
  readonly boundOver?: string;
  readonly op: "create" | "append" | "overwrite";
  readonly mode: number;
}

const DEFAULT_MODE = 0o644;
const WRITABLE = ["/var/", "/etc/kubernetes/manifests/"];

/**
 * Decides where `file` goes. Outside of the writable places a copy below /var
 * is changed and bound over the file of the image.
 *
 * @throws {UserFileError}
 */
export function planUserFile(file: UserFile): UserFilePlan {
  const path = normalize(file.path);
  const { op = "create", permissions: mode = DEFAULT_MODE } = file;
  if (!path.startsWith("/") || path.endsWith("/")) {
    throw new UserFileError({ kind: "place", path });
  }
  if (WRITABLE.some((top) => path.startsWith(top))) {
    return { target: path, op, mode };
  }
  if (op === "create") throw new UserFileError({ kind: "place", path });
  return { target: `/var${path}`, boundOver: path, op, mode };
}

/** What these tasks touch, and what the config asks for. */
export interface UserTaskOptions {
  readonly sys: MountSys;
  readonly files: Files;
  readonly log: Logger;
  readonly userFiles: () => readonly UserFile[];
  readonly sysctls: () => Readonly<Record<string, string>>;
}

/** Whether an earlier start of the node appended `end` already. */
function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  const tail = bytes.subarray(bytes.length - end.length);
  return bytes.length >= end.length && tail.every((b, at) => b === end[at]);
}

async function writeUserFile(
  file: UserFile,
  { sys, files }: Pick<UserTaskOptions, "sys" | "files">,
): Promise<void> {
  const { target, boundOver, op, mode } = planUserFile(file);
  const content = new TextEncoder().encode(file.content ?? "");
  await files.mkdir(dirname(target), 0o755);
  const table = new TextDecoder().decode(
    await files.read("/proc/self/mountinfo"),
  );
  const bound = boundOver !== undefined && isMountPoint(table, boundOver);
  if (op === "append") {
    // A second run of the sequence must not append a second time, so the
    // start is the image's file, which the bind of an earlier run hides.
    const before = await files.read(
      bound ? `${target}.orig` : boundOver ?? target,
    );
    if (before === undefined) {
      throw new UserFileError({ kind: "missing", path: file.path });
    }
    if (boundOver !== undefined && !bound) {
      await files.write(`${target}.orig`, before, mode);
    }
    if (boundOver === undefined && endsWith(before, content)) return;
    await files.write(target, concatBytes([before, content]), mode);
  } else await files.write(target, content, mode);
  if (boundOver === undefined || bound) return;
  new Mount({
    source: target,
    target: boundOver,
    flags: MS_BIND | MS_RDONLY,
  }).apply(sys);
}

/** The tasks, by name. */
export function userTasks(options: UserTaskOptions): Record<string, Task> {
  const { log, userFiles, sysctls } = options;
  return {
    writeUserFiles: async () => {
      for (const file of userFiles()) {
        try {
          await writeUserFile(file, options);
        } catch (thrown) {
          // A node that cannot write one file can still be told a better one.
          log.error(`file of the machine config left out`, thrown);
        }
      }
    },
    writeUserSysctls: () => writeSysctls(sysctls(), options),
  };
}
