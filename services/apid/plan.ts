/**
 * Where a call goes, decided by its metadata alone (pure):
 *
 *     proxyfrom, or no `nodes`   to this node
 *     `nodes`                    to the apid of each, even one, even this one
 *
 * And what it carries there: roles are decided here, once, by the certificate
 * of the peer; what the client says of its roles counts only when it is an
 * apid itself.
 */
import { Fields } from "#lib/http2/fields.ts";
import { parseTimeout } from "#lib/relay/grpc_wire.ts";
import { Role, ROLE_METADATA } from "#lib/rpc/roles.ts";
import { Code, type Status } from "#lib/rpc/status.ts";
import { parseTarget, type Target } from "./targets.ts";

/** More nodes than this in one call are refused. */
export const NODES_MAX = 1_000;

/** Who calls, as the transport knows it. */
export interface Peer {
  readonly roles: readonly string[];
}

/** One node that a call goes to, with what it carries there. */
export interface Hop {
  readonly target: Target;
  readonly fields: Fields;
}

/** What to do with a call. */
export type Plan =
  & { readonly path: string; readonly timeoutMs: number | undefined }
  & (
    | { readonly kind: "local"; readonly fields: Fields }
    | {
      readonly kind: "remote";
      readonly hops: readonly Hop[];
      readonly streaming: boolean;
    }
    | { readonly kind: "refused"; readonly status: Status }
  );

/** Methods that stream; of those of our own the name ends in `Stream`. */
const STREAMING: ReadonlySet<string> = new Set([
  ...["Copy", "DiskUsage", "Dmesg", "Events", "Kubeconfig", "List", "Logs"]
    .map((method) => `/machine.MachineService/${method}`),
  "/machine.MachineService/Read",
  "/machine.MachineService/EtcdSnapshot",
  "/os.OSService/Dmesg",
  "/cluster.ClusterService/HealthCheck",
]);

/** Whether answers of this method are frames of a stream. */
export function isStreaming(path: string): boolean {
  return STREAMING.has(path) || path.endsWith("Stream");
}

/** Decides; the result for a stable list is kept with it. */
export function planOf(fields: Fields, peer: Peer): Plan {
  // A list belongs to one connection, and so to one peer.
  if (fields.memo) return fields.memo as Plan;
  const plan = makePlan(fields, peer);
  if (fields.stable) fields.memo = plan;
  return plan;
}

function makePlan(fields: Fields, peer: Peer): Plan {
  const path = fields.get(":path")!;
  const timeoutMs = parseTimeout(fields.get("grpc-timeout") ?? "");
  const nodes = fields.all("nodes");
  if (nodes.length === 0 || fields.get("proxyfrom") !== undefined) {
    return {
      kind: "local",
      path,
      timeoutMs,
      fields: localFields(fields, peer),
    };
  }
  const refused = (code: Code, message: string): Plan => ({
    kind: "refused",
    path,
    timeoutMs,
    status: { code, message },
  });
  if (nodes.length > NODES_MAX) {
    return refused(Code.InvalidArgument, `more than ${NODES_MAX} nodes`);
  }
  const flat = remoteFlat(fields, peer);
  const hops: Hop[] = [];
  for (const node of nodes) {
    const target = parseTarget(node);
    if (!target) return refused(Code.Internal, `invalid target "${node}"`);
    const own = [":authority", target.address, ...flat];
    hops.push({ target, fields: new Fields(own, fields.stable) });
  }
  return {
    kind: "remote",
    path,
    timeoutMs,
    hops,
    streaming: isStreaming(path),
  };
}

/** Whether a field goes on to the next hop. */
type Keep = (name: string) => boolean;

function copied({ flat }: Fields, keep: Keep): string[] {
  const out: string[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    if (keep(flat[i]!)) out.push(flat[i]!, flat[i + 1]!);
  }
  return out;
}

/** Roles as the next hop shall see them, and which of the client's stay. */
function roleFields(peer: Peer): { own: string[]; keep: boolean } {
  if (peer.roles.includes(Role.impersonator)) return { own: [], keep: true };
  return {
    own: peer.roles.flatMap((role) => [ROLE_METADATA, role]),
    keep: false,
  };
}

function localFields(fields: Fields, peer: Peer): Fields {
  const roles = roleFields(peer);
  const kept = copied(
    fields,
    (name) => roles.keep || name !== ROLE_METADATA,
  );
  return new Fields([...kept, ...roles.own], fields.stable);
}

/** Dropped towards other nodes; the answers there must not be compressed. */
const NOT_REMOTE: ReadonlySet<string> = new Set([
  ":authority",
  ":scheme",
  "nodes",
  "grpc-accept-encoding",
  "content-length",
]);

/** The header list for other nodes, without :authority. */
function remoteFlat(fields: Fields, peer: Peer): string[] {
  const roles = roleFields(peer);
  const kept = copied(
    fields,
    (name) =>
      name !== ROLE_METADATA && !NOT_REMOTE.has(name) ||
      name === ROLE_METADATA && roles.keep,
  );
  const from = fields.get(":authority") || "unknown";
  return [":scheme", "https", ...kept, ...roles.own, "proxyfrom", from];
}
