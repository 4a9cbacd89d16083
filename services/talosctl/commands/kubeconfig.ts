/** `talosctl kubeconfig`. */
import {
  addKubeconfig,
  fetchKubeconfig,
  kubeconfigPath,
} from "../client/kubeconfig.ts";
import { leaf } from "../cli/command.ts";
import { CliError } from "../cli/errors.ts";
import { reportLocal } from "./report.ts";

export const kubeconfig = leaf({
  name: "kubeconfig",
  summary: "Get the kubeconfig of an administrator",
  details:
    `Each call gets a certificate of its own. It is added to the file of kubectl, or
to the one that is named, as the current context; what is there stays. A name
that is taken gets an index (name-1), unless --force overwrites.`,
  args: { usage: "[local-path]", min: 0, max: 1, complete: "file" },
  flags: {
    force: {
      type: "bool",
      short: "f",
      help: "overwrite what has the same name, or with --merge=false the file",
    },
    "force-context-name": {
      type: "string",
      help: "name of the context instead of the cluster's",
    },
    merge: {
      type: "bool",
      short: "m",
      default: "true",
      help: "keep what is in the file",
    },
  },
  singleNode: true,
  async run(context) {
    const { args, flags, edge } = context;
    const { force, merge } = flags;
    const path = await kubeconfigPath(context, args[0]);
    // Before a certificate is made that nobody gets.
    if (!merge && !force && edge.existsSync(path)) {
      throw new CliError("failure", `Cannot write "${path}": it exists`, {
        next: "use --force to overwrite it, or leave --merge on",
      });
    }
    const access = await fetchKubeconfig(context, await context.session());
    const name = flags["force-context-name"] || access.context;
    const { merged, renames } = await addKubeconfig(
      { ...access, context: name },
      { path, force, replace: !merge },
    );
    const lines = renames.map(({ what, from, to }) =>
      `renamed kubeconfig ${what} "${from}" -> "${to}"\n`
    );
    const { context: added, cluster, user } = merged;
    await reportLocal(
      context,
      { path, context: added, cluster, user },
      lines.join(""),
    );
  },
});
