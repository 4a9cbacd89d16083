/** What nodes answered, as commands and renderers see it. Data only. */
import type { DescMessage, Message } from "@bufbuild/protobuf";

/** One message of one node. */
export interface Answer<M> {
  /** `metadata.hostname`, else the endpoint that answered. */
  readonly node: string;
  readonly message: M;
}

/** A node that did not answer. */
export interface NodeFailure {
  readonly node: string;
  /** The node's own words, on one line. */
  readonly error: string;
  /** gRPC code; 2 (Unknown) when the peer did not send one. */
  readonly code: number;
}

/** The answers to one unary call, in the order in which nodes were named. */
export interface Answers<M> {
  readonly messages: readonly Answer<M>[];
  readonly failures: readonly NodeFailure[];
  /** Of `M`, for printing it as JSON. */
  readonly schema: DescMessage;
}

/** The type of one element of `messages` of a reply. */
export type ElementOf<R> = R extends { messages: (infer M)[] } ? M : never;

/** Any message with the metadata that apid adds. */
export type WithMetadata = Message & {
  metadata?: {
    hostname: string;
    error: string;
    status?: { code: number; message: string };
  };
};
