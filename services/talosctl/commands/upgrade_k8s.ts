/** `talosctl upgrade-k8s`: asks one control plane after the other, and follows. */
import {
  KubernetesService,
  KubernetesUpgradeProgressSchema,
} from "#proto/kubernetes_pb.ts";
import type { NodeFailure } from "../client/answers.ts";
import type { Session } from "../client/session.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { EXIT } from "../cli/exit.ts";
import { toPlain } from "../render/document.ts";
import { renderUpgradePlan, UpgradeLines } from "../render/upgrade.ts";
import { withLines } from "./progress.ts";
import { report, settle } from "./report.ts";

const { method } = KubernetesService;

const FLAGS = {
  arch: {
    type: "string",
    default: "amd64",
    hidden: true,
    help: "accepted and not used: a node pulls what it can run",
  },
  "dry-run": { type: "bool", help: "print what would change, change nothing" },
  endpoint: {
    type: "string",
    help: "API server to ask in place of the cluster's endpoint",
  },
  from: {
    type: "string",
    help: "refuse unless this release runs (default whatever runs)",
  },
  to: { type: "string", required: true, help: "release to go to" },
} as const;

interface Request {
  readonly to: string;
  readonly from: string;
  readonly endpoint: string;
}

/** The part of one control plane. */
async function follow(
  context: Context,
  { session, request }: {
    readonly session: Session;
    readonly request: Request;
  },
): Promise<void> {
  const failures: NodeFailure[] = [];
  const stream = session.stream(
    method.upgradeStream,
    request,
    (failure) => failures.push(failure),
  );
  const lines = new UpgradeLines();
  await withLines(context, async (say) => {
    for await (const answer of stream) {
      const plain = toPlain(KubernetesUpgradeProgressSchema, answer);
      await say(lines.text(answer), plain);
    }
  });
  await settle(context, 0, failures);
}

export const upgradeK8s = leaf({
  name: "upgrade-k8s",
  summary: "Upgrade Kubernetes to another release",
  details:
    `One control plane at a time, one component at a time, kube-proxy last; the
cluster has to be well before and after each. The kubelets stay as they are.
A node goes on with its part when nobody follows; asked again, the upgrade goes
on where it is.`,
  args: NO_ARGS,
  flags: FLAGS,
  singleNode: true,
  async run(context) {
    const { to, from, endpoint } = context.flags;
    const request = { to, from, endpoint };
    const session = await context.session();
    const answers = await session.unary(method.upgradePlan, request);
    const plain = context as unknown as Context;
    const [plan] = answers.messages;
    if (context.flags["dry-run"] || !plan) {
      return await report(plain, answers, renderUpgradePlan);
    }
    const { controlPlanes } = plan.message;
    // The last one goes on with kube-proxy; then the others do the same.
    for (const node of [...controlPlanes, ...controlPlanes.slice(0, -1)]) {
      const one = session.to(node);
      try {
        await follow(plain, { session: one, request });
      } finally {
        one.close();
      }
    }
    return EXIT.ok;
  },
});
