/** Why a change of etcd was refused. */
import { AgentError } from "#lib/errors.ts";

/** See the top of the file. */
export interface EtcdProblem {
  readonly kind:
    | ("alreadyExists" | "failedPrecondition" | "notFound")
    | ("deadlineExceeded" | "tooLarge");
  readonly text: string;
}

/** A refusal; nothing was changed. */
export class EtcdError extends AgentError<EtcdProblem> {
  override name = "EtcdError";

  constructor(kind: EtcdProblem["kind"], text: string) {
    super({ kind, text }, text);
  }
}
