/**
 * One talosctl run's connection to a cluster: which endpoints, which nodes,
 * failing over from one endpoint to the next, and sorting what came back into
 * answers and failures.
 */
import type {
  DescMessage,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { CallOptions } from "#lib/rpc/call.ts";
import {
  type Channel,
  type ClientTls,
  connect,
  createClient,
} from "#lib/rpc/client.ts";
import { Code, RpcError } from "#lib/rpc/status.ts";
import type { Context, SessionOptions } from "../cli/context.ts";
import { CliError, oneLine } from "../cli/errors.ts";
import type {
  Answer,
  Answers,
  ElementOf,
  NodeFailure,
  WithMetadata,
} from "./answers.ts";
import { certificateProblem } from "./certificate.ts";
import { type Endpoint, shuffle } from "./endpoint.ts";
import { allUnreachable, certificateError, explain } from "./explain.ts";
import { examine, type Finding } from "./probe.ts";
import type { Session, SessionCall } from "./session.ts";
import { insecureSettings, loadSettings, type Settings } from "./settings.ts";

/** The connection to one endpoint and what a call through it is named. */
interface Line {
  readonly endpoint: Endpoint;
  readonly channel: Channel;
}

/** What a call says that never got a connection. */
const UNCONNECTED = /^Cannot connect to "[^"]*": (.*)$/;

/** A silent endpoint is looked at after this. */
const PROBE_AFTER_MS = 1_000;

/** Ends a call whose endpoint turned out to be no use. */
class Unusable extends Error {
  override name = "Unusable";
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.kind);
    this.finding = finding;
  }
}

/** The failure that a frame or message carries, if it does. */
function carried(message: WithMetadata, node: string): NodeFailure | undefined {
  const { metadata } = message;
  if (!metadata || metadata.error === "") return undefined;
  return {
    node,
    error: oneLine(metadata.error),
    code: metadata.status?.code ?? Code.Unknown,
  };
}

function tlsOf({ identity, insecure }: Settings): ClientTls {
  if (!insecure) return identity;
  return { insecure: true, keyFingerprints: insecure.fingerprints };
}

class RemoteSession implements Session {
  readonly nodes: readonly string[];
  readonly #settings: Settings;
  readonly #context: Context;
  /** Endpoints that were not tried yet. */
  readonly #untried: Endpoint[];
  #line: Line | undefined;

  constructor(settings: Settings, context: Context) {
    this.nodes = settings.nodes;
    this.#settings = settings;
    this.#context = context;
    this.#untried = shuffle(settings.endpoints);
  }

  to(node: string): Session {
    const settings = { ...this.#settings, nodes: [node] };
    return new RemoteSession(settings, this.#context);
  }

  close(): void {
    this.#line?.channel.close();
    this.#line = undefined;
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: SessionCall = {},
  ): Promise<Answers<ElementOf<MessageShape<O>>>> {
    type Call = (
      request: MessageInitShape<I>,
      options: CallOptions,
    ) => Promise<MessageShape<O>>;
    const { timeout } = this.#context.globals;
    const { value, line } = await this.#tryEach(
      (line, signal) => {
        const call = this.#method<Call>(line, method);
        return call(request, this.#options(signal, timeout));
      },
      options.once ?? false,
    );
    return this.#sort(method.output, value, line.endpoint.label);
  }

  async upload<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    requests: () => AsyncIterable<MessageInitShape<I>>,
  ): Promise<Answers<ElementOf<MessageShape<O>>>> {
    type Call = (
      requests: AsyncIterable<MessageInitShape<I>>,
      options: CallOptions,
    ) => Promise<MessageShape<O>>;
    const { value, line } = await this.#tryEach(
      (line, signal) => {
        const call = this.#method<Call>(line, method);
        return call(requests(), this.#options(signal, this.#streamTimeoutMs));
      },
      false,
    );
    return this.#sort(method.output, value, line.endpoint.label);
  }

  async *stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    onFailure: (failure: NodeFailure) => void,
  ): AsyncGenerator<Answer<MessageShape<O>>> {
    type Frame = MessageShape<O>;
    type Call = (
      request: MessageInitShape<I>,
      options: CallOptions,
    ) => AsyncIterable<Frame>;
    const { value: opened, line } = await this.#tryEach(
      async (line, signal) => {
        const call = this.#method<Call>(line, method);
        const frames = call(
          request,
          this.#options(signal, this.#streamTimeoutMs),
        )
          [Symbol.asyncIterator]();
        // The first frame decides whether the endpoint answers at all.
        return { frames, first: await frames.next() };
      },
      false,
    );
    const { frames } = opened;
    try {
      for (let next = opened.first; !next.done; next = await frames.next()) {
        const message = next.value;
        const { metadata } = message as unknown as WithMetadata;
        const node = metadata?.hostname || line.endpoint.label;
        const failure = carried(message as unknown as WithMetadata, node);
        if (failure) onFailure(failure);
        else yield { node, message };
      }
    } catch (thrown) {
      if (thrown instanceof RpcError) throw await this.#explained(thrown, line);
      throw thrown;
    } finally {
      await frames.return?.();
    }
  }

  #method<C>(line: Line, method: { parent: unknown; localName: string }): C {
    const service = method.parent as Parameters<typeof createClient>[0];
    const client = createClient(service, line.channel);
    return (client as Record<string, unknown>)[method.localName] as C;
  }

  /** 0: none. */
  get #streamTimeoutMs(): number {
    const { globals, given } = this.#context;
    return given.has("timeout") ? globals.timeout : 0;
  }

  #options(signal: AbortSignal, timeoutMs: number): CallOptions {
    return {
      signal,
      ...(timeoutMs > 0 && { timeoutMs }),
      ...(this.nodes.length > 0 && { metadata: { nodes: this.nodes } }),
    };
  }

  async #explained(error: RpcError, line: Line): Promise<Error> {
    return await explain(error, {
      node: this.nodes.length === 1 ? this.nodes[0]! : line.endpoint.label,
      identity: this.#settings.identity,
      command: this.#context.path,
    });
  }

  /** Runs `call` on one endpoint after another until one answers. */
  async #tryEach<T>(
    call: (line: Line, signal: AbortSignal) => Promise<T>,
    once: boolean,
  ): Promise<{ value: T; line: Line }> {
    const findings: { endpoint: Endpoint; finding: Finding }[] = [];
    for (;;) {
      const line = this.#line ?? this.#open();
      if (!line) throw allUnreachable(findings);
      try {
        return { value: await this.#raced(line, call), line };
      } catch (thrown) {
        this.#context.signal.throwIfAborted();
        const finding = await this.#examined(line, thrown, once);
        findings.push({ endpoint: line.endpoint, finding });
        this.close();
      }
    }
  }

  /** What kept the call from being answered; throws what was an answer. */
  async #examined(line: Line, thrown: unknown, once: boolean) {
    if (thrown instanceof Unusable) return thrown.finding;
    if (!(thrown instanceof RpcError)) throw thrown;
    if (thrown.code !== Code.Unavailable) {
      throw await this.#explained(thrown, line);
    }
    const finding = await this.#examine(line, this.#context.signal, thrown);
    // The connection is good, or it broke after the request was sent.
    const seen = finding.kind === "fine" ||
      (once && !UNCONNECTED.test(thrown.details));
    if (seen && finding.kind !== "certificate") {
      throw await this.#explained(thrown, line);
    }
    return finding;
  }

  #open(): Line | undefined {
    const endpoint = this.#untried.pop();
    if (!endpoint) return undefined;
    const channel = connect({
      target: endpoint.target,
      tls: tlsOf(this.#settings),
    });
    this.#line = { endpoint, channel };
    return this.#line;
  }

  #examine(
    { endpoint }: Line,
    signal: AbortSignal,
    thrown?: RpcError,
  ): Promise<Finding> {
    const { identity, insecure } = this.#settings;
    if (!insecure) return examine(endpoint, { identity, signal });
    const why = UNCONNECTED.exec(thrown?.details ?? "")?.[1];
    if (why === undefined) return Promise.resolve({ kind: "fine" });
    const kind = /fingerprint/.test(why) ? "certificate" : "unreachable";
    return Promise.resolve({ kind, why });
  }

  /** The call, cut short when its endpoint turns out to be no use. */
  async #raced<T>(
    line: Line,
    call: (line: Line, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const probing = new AbortController();
    const calling = new AbortController();
    const signal = AbortSignal.any([this.#context.signal, calling.signal]);
    // Not at once: a node that answers in time is not dialled twice.
    const probe = this.#context.clock.sleep(PROBE_AFTER_MS, probing.signal)
      .then(() => this.#examine(line, probing.signal))
      .then((finding) => {
        if (finding.kind !== "fine") throw new Unusable(finding);
        return new Promise<never>(() => {});
      });
    probe.catch(() => {});
    try {
      return await Promise.race([call(line, signal), probe]);
    } catch (thrown) {
      calling.abort();
      throw thrown;
    } finally {
      probing.abort();
    }
  }

  /** Splits a merged reply into answers and failures, in the order of nodes. */
  #sort<O extends DescMessage>(
    output: O,
    reply: MessageShape<O>,
    endpoint: string,
  ): Answers<ElementOf<MessageShape<O>>> {
    const messages: Answer<ElementOf<MessageShape<O>>>[] = [];
    const failures: NodeFailure[] = [];
    const all = (reply as unknown as { messages: WithMetadata[] }).messages;
    for (const message of all) {
      const node = message.metadata?.hostname || endpoint;
      const failure = carried(message, node);
      if (failure) failures.push(failure);
      else {
        messages.push({
          node,
          message: message as unknown as ElementOf<MessageShape<O>>,
        });
      }
    }
    const place = ({ node }: { node: string }) => this.nodes.indexOf(node);
    const order = (a: { node: string }, b: { node: string }) =>
      place(a) - place(b);
    const field = output.fields.find((f) => f.name === "messages");
    return {
      messages: messages.sort(order),
      failures: failures.sort(order),
      schema: field?.message ?? output,
    };
  }
}

/**
 * The client config with a certificate that endpoints can take.
 *
 * @throws {CliError} kind usage, failure or certificate
 */
export async function usableSettings(context: Context): Promise<Settings> {
  const settings = await loadSettings(context);
  const { identity, endpoints } = settings;
  const secure = endpoints.some(({ target }) => "host" in target);
  const problem = secure
    ? await certificateProblem(identity, context.clock.now())
    : undefined;
  if (problem) throw certificateError(problem, settings);
  return settings;
}

/** Prepares a session with settings that are no client config's. */
export function sessionWith(settings: Settings, context: Context): Session {
  return new RemoteSession(settings, context);
}

/**
 * Reads the client config and prepares a session; dials nothing.
 *
 * @throws {CliError} kind usage, failure or certificate
 */
export async function openSession(
  context: Context,
  options: SessionOptions & { singleNode: boolean },
): Promise<Session> {
  if (options.insecure) {
    const settings = insecureSettings(context, options.insecure.fingerprints);
    return new RemoteSession(settings, context);
  }
  const settings = await usableSettings(context);
  const { nodes } = settings;
  if (options.singleNode && nodes.length > 1) {
    throw new CliError(
      "usage",
      `command "${context.path}" is not supported with multiple nodes`,
      { next: "name one with --nodes" },
    );
  }
  return new RemoteSession(settings, context);
}
