/** Failures of calls as what, why and next step. Pure. */
import { Code, type RpcError, statusText } from "#lib/rpc/status.ts";
import { CliError, type CliProblem, oneLine } from "../cli/errors.ts";
import type { NodeFailure } from "./answers.ts";
import { type ClientIdentity, roleText } from "./certificate.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Finding } from "./probe.ts";

/** What is known about a failed call. */
export interface CallFacts {
  /** The node or endpoint that it was for. */
  readonly node: string;
  readonly identity: ClientIdentity;
  /** `talosctl service` */
  readonly command: string;
}

type Kind = CliProblem["kind"];

/** What a code means for the exit code. */
function kindOf(code: number): Kind {
  switch (code) {
    case Code.DeadlineExceeded:
      return "timeout";
    case Code.Unavailable:
      return "unreachable";
    case Code.PermissionDenied:
    case Code.Unauthenticated:
      return "certificate";
    default:
      return "failure";
  }
}

async function nextStep(
  code: number,
  crt: string | undefined,
): Promise<string | undefined> {
  switch (code) {
    case Code.DeadlineExceeded:
      return "allow more time with --timeout, or look at the node's services";
    case Code.Unavailable:
      return "check that the node is up and that the endpoint can reach it";
    case Code.PermissionDenied:
    case Code.Unauthenticated:
      return crt === undefined
        ? "use a certificate with the role it needs"
        : `${await roleText(crt)}: use one with the role it needs`;
    case Code.Unimplemented:
      return "the node's version does not have this call";
    default:
      return undefined;
  }
}

/** The error of one call that its endpoint answered with a status. */
export async function explain(
  error: RpcError,
  facts: CallFacts,
): Promise<CliError> {
  const { code, details } = error;
  const text = oneLine(details) || statusText({ code, message: "" });
  const next = await nextStep(code, facts.identity.crt);
  return new CliError(
    kindOf(code),
    `Cannot run "${facts.command}" on "${facts.node}": ${text}`,
    next ? { next } : {},
  );
}

/** The error when every node failed. */
export async function allFailed(
  failures: readonly NodeFailure[],
  facts: { command: string },
): Promise<CliError> {
  const codes = new Set(failures.map(({ code }) => code));
  // Different causes have no exit code in common.
  const code = codes.size === 1 ? [...codes][0]! : Code.Unknown;
  const texts = failures.map(({ node, error }) => `"${node}": ${error}`);
  const next = await nextStep(code, undefined);
  return new CliError(
    kindOf(code),
    `Cannot run "${facts.command}" on ${texts.join(", ")}`,
    next ? { next } : {},
  );
}

/** The error when no endpoint could be used. */
export function allUnreachable(
  findings: readonly { endpoint: Endpoint; finding: Finding }[],
): CliError {
  const texts = findings.map(({ endpoint, finding }) =>
    `"${endpoint.label}": ${finding.kind === "fine" ? "closed" : finding.why}`
  );
  const certificate = findings.some(({ finding }) =>
    finding.kind === "certificate"
  );
  return certificate
    ? new CliError("certificate", `Cannot talk to ${texts.join(", ")}`, {
      next: "use the talosconfig of this cluster",
    })
    : new CliError("unreachable", `Cannot reach ${texts.join(", ")}`, {
      next: "check --endpoints and that the node is up",
    });
}

/** The error before anything was dialled. */
export function certificateError(
  problem: string,
  settings: { contextName: string; path: string },
): CliError {
  return new CliError(
    "certificate",
    `Cannot use context "${settings.contextName}" of "${settings.path}": ${problem}`,
    { next: "get a new talosconfig for this cluster" },
  );
}
