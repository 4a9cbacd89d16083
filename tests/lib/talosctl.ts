/**
 * talosctl in the test's own process against a pretend node: real TLS, real
 * gRPC, answers from data. For whole nodes see cluster.ts.
 */
import {
  create,
  type DescMethod,
  type DescService,
  fromJson,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { systemClock } from "#lib/clock.ts";
import { createLogger } from "#lib/log.ts";
import { Ca, generateCa, issueAdmin } from "#lib/pki/ca.ts";
import type { PemPair } from "#lib/pki/pem.ts";
import type { ServerCall } from "#lib/rpc/call.ts";
import { bind, serve, type Server } from "#lib/rpc/server.ts";
import { type CodeName, rpcError } from "#lib/rpc/status.ts";
import { ClusterService } from "#proto/cluster_pb.ts";
import { ImageService } from "#proto/image_pb.ts";
import { KubernetesService } from "#proto/kubernetes_pb.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { NetworkService } from "#proto/network_pb.ts";
import { TimeService } from "#proto/time_pb.ts";
import type { Context } from "../../services/talosctl/cli/context.ts";
import type { Edge } from "../../services/talosctl/cli/edge.ts";
import { realEdge } from "../../services/talosctl/cli/edge.ts";
import { runTalosctl } from "../../services/talosctl/cli/run.ts";
import { openSession } from "../../services/talosctl/client/remote.ts";
import { COMMANDS } from "../../services/talosctl/commands.ts";

/** What a run printed and how it ended. */
export interface CliOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a run differs from a plain one. */
export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly now?: number;
  readonly signal?: AbortSignal;
  /** Of the terminal that stderr is. */
  readonly columns?: number;
  readonly onStderr?: (text: string) => void;
  /** Called with everything that is printed, while it runs. */
  readonly onStdout?: (text: string) => void | Promise<void>;
}

/** Runs talosctl in this process; its clock is stopped at `now`. */
export async function runCli(
  argv: readonly string[],
  options: CliOptions = {},
): Promise<CliOutput> {
  const { env = {}, now = Date.now(), signal, onStdout, columns } = options;
  let stdout = "";
  let stderr = "";
  const decoder = new TextDecoder();
  const text = (data: string | Uint8Array) =>
    typeof data === "string" ? data : decoder.decode(data, { stream: true });
  const edge: Edge = {
    ...realEdge,
    async stdout(data) {
      const said = text(data);
      stdout += said;
      await onStdout?.(said);
    },
    stderr(data) {
      const said = text(data);
      stderr += said;
      options.onStderr?.(said);
      return Promise.resolve();
    },
    columns: () => columns,
    env: (name) => env[name],
    stdin: () => Promise.resolve(new Uint8Array()),
    zoneOffsetMinutes: () => 0,
    runtime: "deno0.0.0",
    os: "linux",
    arch: "amd64",
  };
  const code = await runTalosctl(argv, {
    table: COMMANDS,
    edge,
    signal: signal ?? new AbortController().signal,
    clock: { ...systemClock, now: () => now },
    openSession: (context: Context, session) => openSession(context, session),
  });
  return { code, stdout, stderr };
}

/** What the pretend node answers to a method; an array is a stream. */
export type Answer =
  | { readonly error: { readonly code: CodeName; readonly message: string } }
  | JsonValue;

/** A call that the node saw; of a stream of requests, all of them. */
export interface Seen {
  readonly method: string;
  readonly request: JsonValue;
  readonly nodes: readonly string[];
}

/** How a pretend node is made. */
export interface FakeNodeOptions {
  /** By `machine.MachineService/Version`. */
  readonly answers: Readonly<Record<string, Answer>>;
  /** The cluster's CA; a new one when absent. */
  readonly ca?: PemPair;
  /** PEM of the CA that clients must be of; the cluster's when absent. */
  readonly clientCa?: string;
  /** Asks for no client certificate, as in maintenance mode. */
  readonly anyClient?: boolean;
  /** Names and addresses of its certificate; 127.0.0.1 when absent. */
  readonly addresses?: readonly string[];
}

const SERVICES: readonly DescService[] = [
  ClusterService,
  ImageService,
  KubernetesService,
  MachineService,
  NetworkService,
  TimeService,
];

function isError(
  answer: Answer,
): answer is { error: { code: CodeName; message: string } } {
  return typeof answer === "object" && answer !== null && "error" in answer;
}

/** Answers from data on a loopback port of its own. */
export class FakeNode implements AsyncDisposable {
  readonly ca: PemPair;
  /** Its own certificate, PEM. */
  readonly crt: string;
  readonly port: number;
  readonly seen: Seen[] = [];
  /** The log of its server. */
  readonly lines: string[];
  readonly #server: Server;

  private constructor(
    ca: PemPair,
    server: Server,
    record: { crt: string; seen: Seen[]; lines: string[] },
  ) {
    this.ca = ca;
    this.crt = record.crt;
    this.port = server.port;
    this.#server = server;
    this.seen = record.seen;
    this.lines = record.lines;
  }

  /** Starts one. */
  static async start(options: FakeNodeOptions): Promise<FakeNode> {
    const ca = options.ca ?? await makeCa();
    const leaf = await (await Ca.load(ca)).issuePair({
      addresses: options.addresses ?? ["127.0.0.1"],
      usages: ["server", "client"],
    });
    const seen: Seen[] = [];
    const lines: string[] = [];
    const server = await serve({
      listen: {
        host: "127.0.0.1",
        port: 0,
        tls: {
          ...leaf,
          ...!options.anyClient && { clientCa: options.clientCa ?? ca.crt },
        },
      },
      services: SERVICES.map((service) =>
        bind(service, handlersOf(service, options.answers, seen) as never)
      ),
      log: createLogger((line) => lines.push(line)),
      graceMs: 100,
    });
    return new FakeNode(ca, server, { crt: leaf.crt, seen, lines });
  }

  get endpoint(): string {
    return `127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
  }
}

function handlersOf(
  service: DescService,
  answers: FakeNodeOptions["answers"],
  seen: Seen[],
) {
  const handlers: Record<string, unknown> = {};
  for (const method of service.methods) {
    const name = `${service.typeName}/${method.name}`;
    const answer = answers[name];
    if (answer === undefined) continue;
    const note = (request: Message | Message[], call: ServerCall) => {
      const json = (one: Message) => toJson(method.input, one);
      seen.push({
        method: name,
        request: Array.isArray(request) ? request.map(json) : json(request),
        nodes: call.metadata("nodes"),
      });
      if (isError(answer)) {
        throw rpcError(answer.error.code, answer.error.message);
      }
    };
    const unary = (request: Message | Message[], call: ServerCall) => {
      note(request, call);
      return fromJson(method.output, answer);
    };
    handlers[method.localName] = method.methodKind === "server_streaming"
      ? streamHandler(method, answer, note)
      : method.methodKind === "client_streaming"
      ? async (requests: AsyncIterable<Message>, call: ServerCall) =>
        unary(await Array.fromAsync(requests), call)
      : unary;
  }
  return handlers;
}

function rawAny(any: JsonValue): Any {
  const { typeUrl, value } = any as { typeUrl: string; value: string };
  return create(AnySchema, { typeUrl, value: Uint8Array.fromBase64(value) });
}

/** `any` of a frame is an Any in the raw: its JSON form needs the type. */
function frameOf(method: DescMethod, frame: JsonValue): Message {
  const { any, ...rest } = frame as { any?: JsonValue };
  const message = fromJson(method.output, rest);
  if (any) Object.assign(message, { data: rawAny(any) });
  return message;
}

/** The last element `"hold"` keeps the stream open until it is cancelled. */
function streamHandler(
  method: DescMethod,
  answer: Answer,
  note: (request: Message, call: ServerCall) => void,
) {
  return async function* (request: Message, call: ServerCall) {
    note(request, call);
    for (const frame of answer as JsonValue[]) {
      if (frame === "hold") {
        await new Promise((resolve) =>
          call.signal.addEventListener("abort", resolve, { once: true })
        );
        return;
      }
      yield frameOf(method, frame);
    }
  };
}

/** Long before any clock of a test, and long enough. */
const LONG = {
  clock: { now: () => Date.parse("2020-01-01T00:00:00Z") },
  validityMs: 50 * 365 * 24 * 3_600_000,
};

/** A machine CA that is valid whatever the test's clock says. */
export function makeCa(): Promise<PemPair> {
  return generateCa({ kind: "machine", ...LONG });
}

/** A talosconfig with one context, `test`. */
export async function talosconfigFor(
  ca: PemPair,
  options: {
    endpoints: readonly string[];
    nodes?: readonly string[];
    identity?: PemPair;
  },
): Promise<string> {
  const identity = options.identity ??
    await issueAdmin(await Ca.load(ca), LONG);
  return JSON.stringify({
    context: "test",
    contexts: {
      test: {
        endpoints: options.endpoints,
        nodes: options.nodes ?? [],
        ca: btoa(ca.crt),
        crt: btoa(identity.crt),
        key: btoa(identity.key),
      },
    },
  });
}
