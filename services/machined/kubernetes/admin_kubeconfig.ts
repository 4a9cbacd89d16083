/**
 * The kubeconfig of the cluster's administrators. Each call of the API gets a
 * certificate of its own, which lives as long as the config says.
 */
import { gzipSync } from "node:zlib";
import { concatBytes } from "#lib/bytes.ts";
import type { Clock } from "#lib/clock.ts";
import type { EffectiveConfig } from "#lib/config/mod.ts";
import { parseDurationMs } from "#lib/config/duration.ts";
import { AgentError } from "#lib/errors.ts";
import type { PemPair } from "#lib/pki/mod.ts";
import { TAR_END, tarFile } from "#lib/tar/header.ts";
import { issueKubernetesAdmin, kubernetesCa } from "./admin.ts";
import { kubeconfig } from "./kubeconfig.ts";

/** This node cannot sign for Kubernetes. */
export class KubeconfigError
  extends AgentError<{ readonly kind: "failedPrecondition" }> {
  override name = "KubeconfigError";

  constructor(why: string) {
    super({ kind: "failedPrecondition" }, `Cannot make a kubeconfig: ${why}`);
  }
}

/** The kubeconfig of the administrator with the certificate `admin`. */
export function adminKubeconfig(
  { cluster }: Pick<EffectiveConfig, "cluster">,
  admin: PemPair,
): string {
  return kubeconfig({
    server: cluster.controlPlane.endpoint,
    ca: { pem: cluster.ca?.crt ?? "" },
    user: admin,
    clusterName: cluster.clusterName ?? "kubernetes",
    userName: "admin",
  });
}

/** As the seed era sends it: a tar.gz of one file. */
function packed(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const file = tarFile({ path: "/kubeconfig", mode: 0o600 }, bytes);
  return gzipSync(concatBytes([file, TAR_END]));
}

/**
 * The kubeconfig for a new administrator, packed; undefined: no config yet.
 *
 * @throws {KubeconfigError} when this is no control plane.
 */
export async function issueKubeconfig(
  config: EffectiveConfig | undefined,
  clock: Pick<Clock, "now">,
): Promise<Uint8Array> {
  if (!config) throw new KubeconfigError("this node has no config yet");
  const ca = config.machine.type === "join"
    ? undefined
    : kubernetesCa({ config });
  if (!ca) {
    throw new KubeconfigError(
      "this node is a worker, only a control plane has the key of the CA",
    );
  }
  const { certLifetime } = config.cluster.adminKubeconfig;
  const validityMs = parseDurationMs(certLifetime);
  if (validityMs === undefined) {
    throw new KubeconfigError(`"${certLifetime}" is no duration`);
  }
  const admin = await issueKubernetesAdmin(ca, { validityMs, clock });
  return packed(adminKubeconfig(config, admin));
}
