/**
 * The kubeconfig of a cluster: asked of a control plane, added to the user's
 * file, taken away again. For the command, and for local clusters.
 */
import { delimiter, join, resolve } from "@std/path";
import { AgentError } from "#lib/errors.ts";
import type { ClusterAccess } from "#lib/kube/cluster_access.ts";
import {
  KUBECONFIG_LIMITS,
  type KubeconfigEntry,
  type KubeconfigRename,
  mergeKubeconfig,
  withoutEntry,
} from "#lib/kube/kubeconfig.ts";
import { readPrivateFile, writePrivateFile } from "#lib/private_file.ts";
import { MachineService } from "#proto/machine_pb.ts";
import type { Context } from "../cli/context.ts";
import { CliError } from "../cli/errors.ts";
import type { NodeFailure } from "./answers.ts";
import { allFailed } from "./explain.ts";
import { accessIn } from "./kubeconfig_archive.ts";
import type { Session } from "./session.ts";

/** Where a kubeconfig was put, as needed to take it away again. */
export interface MergedKubeconfig extends KubeconfigEntry {
  readonly path: string;
}

/** Asks the node of the session for a kubeconfig. @throws {CliError} */
export async function fetchKubeconfig(
  context: Context,
  session: Pick<Session, "stream">,
): Promise<ClusterAccess> {
  const failures: NodeFailure[] = [];
  let node = "";
  async function* pieces() {
    const stream = session.stream(
      MachineService.method.kubeconfig,
      {},
      (failure) => failures.push(failure),
    );
    for await (const answer of stream) {
      node = answer.node;
      yield answer.message.bytes;
    }
    if (failures.length === 0) return;
    throw await allFailed(failures, { command: context.path });
  }
  try {
    return await accessIn(pieces());
  } catch (cause) {
    if (cause instanceof CliError || !(cause instanceof AgentError)) {
      throw cause;
    }
    const text = `Cannot use the kubeconfig of "${node}"`;
    throw new CliError("failure", text, { cause });
  }
}

/**
 * The user's file: `named`, or `kubeconfig` in it when it is a directory; then
 * as kubectl finds where to write: of KUBECONFIG's files the first that there
 * is, else the last; without it `$HOME/.kube/config`.
 */
export async function kubeconfigPath(
  { edge }: Pick<Context, "edge">,
  named?: string,
): Promise<string> {
  if (named) {
    const inside = named.endsWith("/") || await edge.isDirectory(named);
    return inside ? join(named, "kubeconfig") : named;
  }
  const files = (edge.env("KUBECONFIG") ?? "").split(delimiter)
    .filter((path) => path !== "");
  return files.find((path) => edge.existsSync(path)) ?? files.at(-1) ??
    join(edge.env("HOME") || ".", ".kube", "config");
}

/** How a kubeconfig is added to a file. */
export interface AddOptions {
  readonly path: string;
  /** Names that are taken are overwritten, not avoided. */
  readonly force?: boolean;
  /** What is in the file goes. */
  readonly replace?: boolean;
}

/** Adds `access` to the file, as its current context. @throws {CliError} */
export async function addKubeconfig(
  access: ClusterAccess,
  { path, force = false, replace = false }: AddOptions,
): Promise<{ merged: MergedKubeconfig; renames: readonly KubeconfigRename[] }> {
  try {
    const base = replace
      ? undefined
      : await readPrivateFile(path, KUBECONFIG_LIMITS.bytes);
    const { text, entry, renames } = mergeKubeconfig(base, access, {
      file: path,
      force,
    });
    await writePrivateFile(path, text);
    return { merged: { path: resolve(path), ...entry }, renames };
  } catch (cause) {
    const text = `Cannot add the kubeconfig to "${path}"`;
    throw new CliError("failure", text, { cause });
  }
}

/** Takes away what {@linkcode addKubeconfig} added, if it is still there. */
export async function dropKubeconfig(merged: MergedKubeconfig): Promise<void> {
  const { path } = merged;
  const base = await readPrivateFile(path, KUBECONFIG_LIMITS.bytes);
  const text = base && withoutEntry(base, merged, { file: path });
  if (text !== undefined) await writePrivateFile(path, text);
}
