/**
 * The shapes of gRPC calls as our daemons and clients see them; server.ts and
 * client.ts bind them to our HTTP/2. Handlers throw AgentError or any Error;
 * status.ts alone decides the gRPC code.
 */
import type {
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";

/** What a handler knows of the call that it answers. */
export interface ServerCall {
  /** `/machine.MachineService/Version` */
  readonly path: string;
  /** Aborts when the client cancels, its deadline passes or it goes away. */
  readonly signal: AbortSignal;
  /** Values of a metadata key, lower case; empty when absent. */
  metadata(key: string): readonly string[];
  /** Address of the peer; empty on a unix socket. */
  readonly peer: string;
}

/** Handlers of a service; a method without one answers Unimplemented. */
export type ServiceHandlers<S extends DescService> = {
  [M in keyof S["method"]]?: S["method"][M] extends
    DescMethodUnary<infer I, infer O> ? (
      request: MessageShape<I>,
      call: ServerCall,
    ) => Promise<MessageInitShape<O>> | MessageInitShape<O>
    : S["method"][M] extends DescMethodServerStreaming<infer I, infer O> ? (
        request: MessageShape<I>,
        call: ServerCall,
      ) => AsyncIterable<MessageInitShape<O>>
    : S["method"][M] extends DescMethodClientStreaming<infer I, infer O> ? (
        requests: AsyncIterable<MessageShape<I>>,
        call: ServerCall,
      ) => Promise<MessageInitShape<O>>
    : never;
};

/** Options of one call of a client. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly metadata?: Readonly<Record<string, string | readonly string[]>>;
}

/** A call in which both sides send as they like. */
export interface DuplexCall<I, O> {
  send(message: I): void;
  /** The peer's next message; undefined at a good end. */
  next(): Promise<O | undefined>;
  /** Ends the call; has no effect when it is over. */
  cancel(): void;
}

/**
 * A typed client: unary methods return a promise, as do those that take a
 * stream of requests, streams of answers an async iterable, those in both
 * directions a {@linkcode DuplexCall}, begun by its first message.
 */
export type ServiceClient<S extends DescService> = {
  [M in keyof S["method"]]: S["method"][M] extends
    DescMethodUnary<infer I, infer O> ? (
      request: MessageInitShape<I>,
      options?: CallOptions,
    ) => Promise<MessageShape<O>>
    : S["method"][M] extends DescMethodServerStreaming<infer I, infer O> ? (
        request: MessageInitShape<I>,
        options?: CallOptions,
      ) => AsyncIterable<MessageShape<O>>
    : S["method"][M] extends DescMethodClientStreaming<infer I, infer O> ? (
        requests: AsyncIterable<MessageInitShape<I>>,
        options?: CallOptions,
      ) => Promise<MessageShape<O>>
    : S["method"][M] extends DescMethodBiDiStreaming<infer I, infer O> ? (
        first: MessageInitShape<I>,
        options?: CallOptions,
      ) => DuplexCall<MessageInitShape<I>, MessageShape<O>>
    : never;
};
