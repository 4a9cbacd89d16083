/** What commands know of the connection to a cluster. Types only. */
import type {
  DescMessage,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { Answer, Answers, ElementOf, NodeFailure } from "./answers.ts";

/** How one call is made. */
export interface SessionCall {
  /**
   * It changes something: it goes to the next endpoint only when the first
   * one certainly never saw it.
   */
  readonly once?: boolean;
}

/** Calls of one command. */
export interface Session {
  /** The nodes that were named; empty: the endpoint itself. */
  readonly nodes: readonly string[];
  /** Calls once for all nodes. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: SessionCall,
  ): Promise<Answers<ElementOf<MessageShape<O>>>>;
  /** Frames of all nodes as they come; failed nodes go to `onFailure`. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    onFailure: (failure: NodeFailure) => void,
  ): AsyncIterable<Answer<MessageShape<O>>>;
  /** `requests` begins anew for each endpoint that is tried. */
  upload<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    requests: () => AsyncIterable<MessageInitShape<I>>,
  ): Promise<Answers<ElementOf<MessageShape<O>>>>;
  /** Another one like it, to one other node; whoever asks for it closes it. */
  to(node: string): Session;
  close(): void;
}
