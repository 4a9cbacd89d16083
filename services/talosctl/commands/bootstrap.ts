/** `talosctl bootstrap`. */
import { MachineService } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { usageError } from "../cli/run.ts";
import { reportQuietly } from "./report.ts";

export const bootstrap = leaf({
  name: "bootstrap",
  summary: "Begin the cluster's etcd on a control plane",
  details:
    `The other control planes join by themselves. Done once in the life of a cluster:
refused where etcd has data or members. With a snapshot, that of "talosctl etcd snapshot",
the cluster begins with what is in it; nothing is sent before its hash has been verified.`,
  args: NO_ARGS,
  flags: {
    "recover-from": {
      type: "string",
      complete: "file",
      help: "snapshot of etcd to recover the cluster from",
    },
    "recover-skip-hash-check": {
      type: "bool",
      help: "take a copy of a member's database, which has no hash",
    },
  },
  singleNode: true,
  async run(context) {
    const { "recover-from": path, "recover-skip-hash-check": skipHashCheck } =
      context.flags;
    const plain = context as unknown as Context;
    if (skipHashCheck && path === "") {
      const text = "--recover-skip-hash-check needs --recover-from";
      throw usageError(plain, text);
    }
    if (path !== "") {
      const { uploadSnapshot } = await import("./snapshot_upload.ts");
      await uploadSnapshot(plain, { path, skipHashCheck });
    }
    const session = await context.session();
    const answers = await session.unary(
      MachineService.method.bootstrap,
      { recoverEtcd: path !== "", recoverSkipHashCheck: skipHashCheck },
      { once: true },
    );
    return await reportQuietly(plain, answers);
  },
});
