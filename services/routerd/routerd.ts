/**
 * One call in, one call out: routerd looks at the path of a call and at
 * nothing else, and relays it to the daemon's socket unchanged.
 */
import type { Fields } from "#lib/http2/fields.ts";
import { LOCAL_LIMITS } from "#lib/http2/limits.ts";
import type { StreamEvents, StreamHandle } from "#lib/http2/stream.ts";
import { ServerConnection } from "#lib/http2/server.ts";
import type { Transport } from "#lib/http2/transport.ts";
import type { Logger } from "#lib/log.ts";
import { Deadlines } from "#lib/relay/deadlines.ts";
import { accessLogger, refusal, serviceOf } from "#lib/relay/gate.ts";
import { parseTimeout } from "#lib/relay/grpc_wire.ts";
import { type CallContext, IncomingCall } from "#lib/relay/incoming_call.ts";
import { SILENT } from "#lib/relay/silent.ts";
import { relayOne } from "#lib/relay/one_to_one.ts";
import { type Dial, Upstream } from "#lib/relay/upstream.ts";
import { Code } from "#lib/rpc/status.ts";
import { type Backend, backendOf, BACKENDS } from "./routes.ts";

/** A daemon's socket answers at once or is not there. */
const DIAL_TIMEOUT_MS = 5_000;

/** What routerd needs of the world. */
export interface RouterdOptions {
  readonly log: Logger;
  /** Connects to a unix socket. */
  readonly dial: (path: string) => Dial;
}

/** Where a call goes; kept with header lists that come again. */
interface Plan {
  readonly path: string;
  readonly service: string;
  readonly backend: Backend | undefined;
  readonly timeoutMs: number | undefined;
}

/** Relays calls to the daemons of this node. */
export class Routerd {
  readonly #context: CallContext;
  readonly #upstreams = new Map<Backend, Upstream>();

  constructor({ log, dial }: RouterdOptions) {
    this.#context = {
      deadlines: new Deadlines(),
      now: () => performance.now(),
      onDone: accessLogger(log),
    };
    for (const [backend, path] of Object.entries(BACKENDS)) {
      this.#upstreams.set(
        backend as Backend,
        new Upstream({
          name: path,
          dial: dial(path),
          limits: LOCAL_LIMITS,
          dialTimeoutMs: DIAL_TIMEOUT_MS,
        }),
      );
    }
  }

  /** Serves one connection. */
  serve(transport: Transport): ServerConnection {
    return new ServerConnection(transport, {
      limits: LOCAL_LIMITS,
      onRequest: (stream, fields, end) => this.#onRequest(stream, fields, end),
    });
  }

  /** Cuts the connections to the daemons. */
  close(): void {
    for (const upstream of this.#upstreams.values()) upstream.close("stopped");
  }

  #onRequest(
    stream: StreamHandle,
    fields: Fields,
    end: boolean,
  ): StreamEvents {
    const refused = refusal(fields);
    if (refused) {
      stream.headers(refused, true);
      return SILENT;
    }
    const plan = planOf(fields);
    const call = new IncomingCall(stream, fields, {
      path: plan.path,
      context: this.#context,
    });
    const upstream = plan.backend && this.#upstreams.get(plan.backend);
    if (!upstream) {
      call.fail({
        code: Code.Unknown,
        message: `service ${plan.service} is not defined`,
      });
      return SILENT;
    }
    const { timeoutMs } = plan;
    return relayOne(call, { upstream, fields, timeoutMs }, end);
  }
}

function planOf(fields: Fields): Plan {
  if (fields.memo) return fields.memo as Plan;
  const path = fields.get(":path")!;
  const service = serviceOf(path);
  const plan: Plan = {
    path,
    service,
    backend: backendOf(service),
    timeoutMs: parseTimeout(fields.get("grpc-timeout") ?? ""),
  };
  if (fields.stable) fields.memo = plan;
  return plan;
}
