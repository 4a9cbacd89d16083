/** `talosctl health`. */
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { HealthError, healthText, WAIT_TIMEOUT_MS } from "#lib/health/wait.ts";
import { ClusterService } from "#proto/cluster_pb.ts";
import type { NodeFailure } from "../client/answers.ts";
import { leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { CliError } from "../cli/errors.ts";
import { usageError } from "../cli/run.ts";
import type { Plain } from "../render/document.ts";
import { withLines } from "./progress.ts";
import { settle } from "./report.ts";

const FLAGS = {
  "control-plane-nodes": {
    type: "strings",
    help: "addresses of the control planes (default those that are found)",
  },
  "init-node": { type: "string", help: "address of one more control plane" },
  "k8s-endpoint": {
    type: "string",
    help: "API server to ask in place of the cluster's endpoint",
  },
  "run-e2e": { type: "bool", help: "run the tests of Kubernetes; refused" },
  server: {
    type: "bool",
    default: "true",
    help: "let a control plane look; else talosctl does",
  },
  "wait-timeout": {
    type: "duration",
    default: "20m0s",
    help: "limit for all conditions together",
  },
  "worker-nodes": {
    type: "strings",
    help: "addresses of the workers (default those that are found)",
  },
} as const;

type HealthContext = Context<typeof FLAGS>;

/** A line of it, as a document has it. */
function plainOf(message: string, node?: string): Plain {
  return {
    ...node !== undefined && { metadata: { hostname: node } },
    message,
  };
}

/** The nodes that were named; workers alone are none. */
function clusterOf(context: HealthContext) {
  const { flags } = context;
  const first = flags["init-node"] === "" ? [] : [flags["init-node"]];
  const controlPlanes = [
    ...new Set([...first, ...flags["control-plane-nodes"]]),
  ];
  const workers = [...new Set(flags["worker-nodes"])];
  if (controlPlanes.length === 0 && (workers.length > 0 || !flags.server)) {
    throw usageError(
      context as unknown as Context,
      `${
        flags.server ? "--worker-nodes" : "--server=false"
      } needs the control planes: --init-node or --control-plane-nodes`,
    );
  }
  return { controlPlanes, workers };
}

/** A control plane looks; it says what it sees. */
async function onServer(context: HealthContext): Promise<void> {
  const { flags } = context;
  const { controlPlanes, workers } = clusterOf(context);
  const session = await context.session();
  const failures: NodeFailure[] = [];
  const stream = session.stream(
    ClusterService.method.healthCheck,
    {
      waitTimeout: durationFromMs(flags["wait-timeout"]),
      clusterInfo: {
        controlPlaneNodes: controlPlanes,
        workerNodes: workers,
        forceEndpoint: flags["k8s-endpoint"],
      },
    },
    (failure) => failures.push(failure),
  );
  const plain = context as unknown as Context;
  await withLines(plain, async (say) => {
    for await (const { node, message } of stream) {
      await say(message.message, plainOf(message.message, node));
    }
  });
  await settle(plain, 0, failures);
}

/** This program looks. */
async function onClient(context: HealthContext): Promise<void> {
  const { clock, signal, flags } = context;
  const cluster = clusterOf(context);
  const plain = context as unknown as Context;
  const [{ waitForHealth }, { apiServerUrl }, settings] = await Promise.all([
    import("../client/health.ts"),
    import("#lib/kube/endpoint.ts"),
    import("../client/remote.ts").then((m) => m.usableSettings(plain)),
  ]);
  const endpoint = flags["k8s-endpoint"];
  const options = {
    endpoints: settings.endpoints.map(({ target }) => target),
    tls: settings.identity,
    ...endpoint !== "" && { kubernetesUrl: apiServerUrl(endpoint) },
    // As a server takes it.
    timeoutMs: flags["wait-timeout"] || WAIT_TIMEOUT_MS,
    ...{ cluster, clock, signal },
  };
  await withLines(
    plain,
    (say) =>
      waitForHealth(options, (news) => {
        const text = healthText(news);
        return say(text, plainOf(text));
      }),
  );
}

/** The one error of both sides; the hint of others is about another flag. */
function explained(thrown: unknown, path: string): unknown {
  const next = "allow more time with --wait-timeout";
  if (thrown instanceof HealthError) {
    const text = `Cannot run "${path}": ${thrown.message}`;
    return thrown.problem.kind === "deadlineExceeded"
      ? new CliError("timeout", text, { next })
      : new CliError("certificate", text);
  }
  const late = thrown instanceof CliError && thrown.problem.kind === "timeout";
  return late ? new CliError("timeout", thrown.message, { next }) : thrown;
}

export const health = leaf({
  name: "health",
  summary: "Wait until the whole cluster is well",
  details:
    `What is waited for, and why, is told on standard error. The nodes are
found through Kubernetes unless they are named.`,
  args: NO_ARGS,
  flags: FLAGS,
  singleNode: true,
  async run(context) {
    if (context.flags["run-e2e"]) {
      throw new CliError(
        "usage",
        "--run-e2e: the end-to-end tests of Kubernetes are no part of talosctl",
        { next: "run sonobuoy with the kubeconfig of the cluster" },
      );
    }
    try {
      await (context.flags.server ? onServer(context) : onClient(context));
    } catch (thrown) {
      throw explained(thrown, context.path);
    }
  },
});
