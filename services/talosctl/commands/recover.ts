/** `talosctl recover`. */
import { MachineService, RecoverRequest_Source } from "#proto/machine_pb.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import { reportQuietly } from "./report.ts";

const SOURCES = {
  etcd: RecoverRequest_Source.ETCD,
  apiserver: RecoverRequest_Source.APISERVER,
} as const;

export const recover = leaf({
  name: "recover",
  summary: "Put a lost control plane back",
  details:
    'Writes the static pods of the node anew and applies what the cluster starts\nwith. It goes on in the background: see "talosctl events".',
  args: NO_ARGS,
  flags: {
    source: {
      type: "string",
      short: "s",
      default: "apiserver",
      choices: Object.keys(SOURCES),
      help: "what to stand on: another API server, or etcd where none is left",
    },
  },
  async run(context) {
    const session = await context.session();
    const source = SOURCES[context.flags.source as keyof typeof SOURCES];
    const answers = await session.unary(
      MachineService.method.recover,
      { source },
      { once: true },
    );
    return await reportQuietly(context, answers);
  },
});
