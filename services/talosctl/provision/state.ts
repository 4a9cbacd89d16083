/**
 * The state directory of a cluster, `<state>/<name>/`, and its record there.
 * The record is written before anything else is done, so that `show` and
 * `destroy` know of a cluster whose creation was cut short.
 */
import { join } from "@std/path";
import { parse, stringify } from "@std/yaml";
import { messageOf } from "#lib/errors.ts";
import { replaceFile } from "#lib/replace_file.ts";
import { checkName } from "./plan.ts";
import { type ClusterRecord, ProvisionError } from "./provision.ts";

/** Where things of a cluster are. */
export interface StatePaths {
  readonly dir: string;
  readonly record: string;
  /** Directory with the files of the image, see image.ts. */
  readonly image: string;
  /** Where the image is mounted. */
  readonly rootfs: string;
  /** State of runc. */
  readonly runc: string;
}

/** The paths of cluster `name` below `state`. */
export function statePaths(state: string, name: string): StatePaths {
  checkName(name);
  const dir = join(state, name);
  return {
    dir,
    record: join(dir, "state.yaml"),
    image: join(dir, "image"),
    rootfs: join(dir, "rootfs"),
    runc: join(dir, "runc"),
  };
}

/** Where things of one node are. */
export function nodePaths(paths: StatePaths, node: string) {
  const dir = join(paths.dir, node);
  return {
    dir,
    var: join(dir, "var"),
    bundle: join(dir, "bundle"),
    config: join(dir, "bundle", "machine.yaml"),
    console: join(dir, "console.log"),
  };
}

/** Writes the record in one step. */
export function saveRecord(
  paths: StatePaths,
  record: ClusterRecord,
): Promise<void> {
  return replaceFile(paths.record, stringify(record), {
    mode: 0o600,
    durable: true,
  });
}

function isRecord(value: unknown): value is ClusterRecord {
  if (value === null || typeof value !== "object") return false;
  const record = value as Partial<Record<keyof ClusterRecord, unknown>>;
  const strings = [record.name, record.id, record.provisioner, record.status];
  return strings.every((text) => typeof text === "string") &&
    Array.isArray(record.nodes) &&
    record.network !== null && typeof record.network === "object";
}

/** A record is a few kilobytes; anything larger is not one. */
const RECORD_BYTES_MAX = 1 << 20;

/** The record of the cluster; `undefined` when there is none. */
export async function loadRecord(
  paths: StatePaths,
): Promise<ClusterRecord | undefined> {
  let value: unknown;
  try {
    const { size } = await Deno.stat(paths.record);
    if (size > RECORD_BYTES_MAX) throw new Error(`${size} bytes are too many`);
    value = parse(await Deno.readTextFile(paths.record));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new ProvisionError(
      { kind: "state", path: paths.record },
      `Cannot read "${paths.record}": ${messageOf(cause)}`,
    );
  }
  if (isRecord(value)) return value;
  throw new ProvisionError(
    { kind: "state", path: paths.record },
    `Cannot read "${paths.record}": it is no record of a cluster`,
  );
}

/** Forgives what a removal at the same moment causes. */
function gone(thrown: unknown): undefined {
  const { NotFound, AlreadyExists } = Deno.errors;
  if (thrown instanceof NotFound || thrown instanceof AlreadyExists) return;
  throw thrown;
}

/** How long another command on the same cluster may take to finish. */
const LOCK_TRIES = 50;

/**
 * Makes the directory of the cluster and takes its lock, which ends with the
 * process that holds it.
 */
export async function lockState(paths: StatePaths): Promise<Disposable> {
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    await Deno.mkdir(paths.dir, { recursive: true, mode: 0o700 }).catch(gone);
    const file = await Deno.open(paths.dir, { read: true }).catch(gone);
    if (file === undefined) continue;
    if (await file.tryLock(true)) {
      // A destroy that just finished may have removed what we locked.
      const held = await file.stat();
      const named = await Deno.stat(paths.dir).catch(() => undefined);
      if (named?.ino === held.ino) return file;
    }
    file.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new ProvisionError(
    { kind: "busy", cluster: paths.dir },
    `Another command is working on the cluster in "${paths.dir}"`,
  );
}
