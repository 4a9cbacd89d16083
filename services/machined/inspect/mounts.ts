/** MachineService.Mounts: the mounted directories and the room on them. */
import { create } from "@bufbuild/protobuf";
import {
  type MountsResponse,
  MountsResponseSchema,
  type MountStat,
  MountStatSchema,
} from "#proto/machine_pb.ts";
import { statfsSync } from "node:fs";

/** One line of /proc/mounts. */
export interface MountEntry {
  readonly source: string;
  readonly target: string;
}

/** The entries of a text in the form of /proc/mounts (fstab(5) escapes). */
export function parseMounts(text: string): MountEntry[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [source = "", target = ""] = line.split(" ").map(unescapeOctal);
    return { source, target };
  });
}

function unescapeOctal(field: string): string {
  return field.replace(
    /\\([0-7]{3})/g,
    (_, octal) => String.fromCharCode(parseInt(octal, 8)),
  );
}

/** The reply; mounts on files (bind mounts of /etc) are left out. */
export function mounts(): MountsResponse {
  const stats = parseMounts(Deno.readTextFileSync("/proc/mounts"))
    .map(statOf)
    .filter((stat) => stat !== undefined);
  return create(MountsResponseSchema, { messages: [{ stats }] });
}

function statOf({ source, target }: MountEntry): MountStat | undefined {
  try {
    if (!Deno.statSync(target).isDirectory) return undefined;
    const { bsize, blocks, bavail } = statfsSync(target, { bigint: true });
    return create(MountStatSchema, {
      filesystem: source,
      mountedOn: target,
      size: bsize * blocks,
      available: bsize * bavail,
    });
  } catch {
    // Covered by another mount, or unmounted since.
    return undefined;
  }
}
