/**
 * Why an image did not come. containerd has one text for it, with a gRPC code
 * that says little; this file alone reads that text. Pure.
 */
import { AgentError } from "../errors.ts";
import { Code, RpcError } from "../rpc/status.ts";

/** Each is another thing to do for whoever reads it. */
export type PullKind =
  /** No registry that was asked has that name or tag. */
  | "notFound"
  | "unauthorized"
  /** The bytes are not those that were promised. */
  | "digest"
  | "diskFull"
  /** Refused, no route, no such host, no answer in time. */
  | "unreachable"
  /** Its certificate, or ours, or no TLS at all. */
  | "tls"
  /** containerd is not there. */
  | "containerd"
  | "other";

/** What went wrong. */
export interface PullProblem {
  readonly kind: PullKind;
  readonly image: string;
  /** The registries that were asked, in that order. */
  readonly asked: readonly string[];
  /** containerd's own words, cut. */
  readonly detail: string;
}

const DETAIL_CHARS = 512;

/** What each looks like in containerd's words; the first that fits is it. */
const SIGNS: readonly (readonly [PullKind, RegExp])[] = [
  ["diskFull", /no space left on device|disk quota exceeded/i],
  [
    "digest",
    /unexpected commit digest|failed size validation|digest mismatch|unexpected size|wrong diff id/i,
  ],
  ["tls", /x509:|tls:|server gave HTTP response to HTTPS client/i],
  [
    "unauthorized",
    /401 Unauthorized|403 Forbidden|authorization failed|insufficient_scope|no basic auth credentials/i,
  ],
  [
    "unreachable",
    /connection refused|no route to host|network is unreachable|no such host|i\/o timeout|deadline exceeded|connection reset|server misbehaving|TLS handshake timeout|unexpected EOF/i,
  ],
];

/** An image that did not come. */
export class PullError extends AgentError<PullProblem> {
  override name = "PullError";

  constructor(problem: PullProblem, options?: ErrorOptions) {
    super(problem, describe(problem), options);
  }
}

function reasonOf(problem: PullProblem): string {
  switch (problem.kind) {
    case "notFound":
      return "there is no such image or tag";
    case "unauthorized":
      return "the registry wants other credentials";
    case "digest":
      return "its bytes do not match their digest";
    case "diskFull":
      return "the disk is full";
    case "unreachable":
      return "no registry can be reached";
    case "tls":
      return "the registry is not trusted";
    case "containerd":
      return "containerd does not answer";
    case "other":
      return "the registry's answer is of no use";
  }
}

function describe(problem: PullProblem): string {
  const { image, asked, detail } = problem;
  const from = asked.length === 0 ? "" : ` from ${asked.join(", ")}`;
  return `Cannot pull "${image}"${from}: ${reasonOf(problem)}: ${detail}`;
}

function kindOf(thrown: RpcError, detail: string): PullKind {
  const sign = SIGNS.find(([, pattern]) => pattern.test(detail));
  if (sign) return sign[0];
  if (thrown.code === Code.NotFound) return "notFound";
  if (thrown.code === Code.Unavailable) return "containerd";
  return "other";
}

/** What containerd threw for `image`, as a {@linkcode PullError}. */
export function pullError(
  thrown: unknown,
  { image, asked }: Pick<PullProblem, "image" | "asked">,
): unknown {
  if (!(thrown instanceof RpcError)) return thrown;
  const detail = thrown.problem.details.slice(0, DETAIL_CHARS);
  return new PullError({
    kind: kindOf(thrown, detail),
    image,
    asked,
    detail,
  });
}
