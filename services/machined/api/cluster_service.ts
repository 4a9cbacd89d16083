/** cluster.ClusterService: message -> health -> message. No decisions. */
import { durationMs } from "@bufbuild/protobuf/wkt";
import { healthText } from "#lib/health/wait.ts";
import type { ServiceHandlers } from "#lib/rpc/call.ts";
import type { ClusterService } from "#proto/cluster_pb.ts";
import type { Node } from "./node.ts";

/** The handlers for `node`. */
export function clusterService(
  { health }: Pick<Node, "health">,
): ServiceHandlers<typeof ClusterService> {
  return {
    healthCheck: async function* ({ waitTimeout, clusterInfo }, { signal }) {
      const request = {
        cluster: {
          controlPlanes: clusterInfo?.controlPlaneNodes ?? [],
          workers: clusterInfo?.workerNodes ?? [],
        },
        kubernetesEndpoint: clusterInfo?.forceEndpoint ?? "",
        timeoutMs: waitTimeout ? Math.max(durationMs(waitTimeout), 0) : 0,
      };
      for await (const news of health.check(request, signal)) {
        yield { message: healthText(news) };
      }
    },
  };
}
