/**
 * Results as JSON or YAML: the canonical JSON form of the protobuf messages,
 * all fields present, `metadata.hostname` filled in with the node. Pure.
 */
import {
  createRegistry,
  type DescMessage,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { stringify } from "yaml";
import type { Answer, Answers, NodeFailure } from "../client/answers.ts";

/** What JSON can say. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** Formats other than the table. */
export type DocumentFormat = "json" | "yaml";

const EMPTY_REGISTRY = createRegistry();

/** One message as plain data that names its node. */
export function toPlain(
  schema: DescMessage,
  { node, message }: Answer<Message>,
): Plain {
  const json = toJson(schema, message, {
    alwaysEmitImplicit: true,
    registry: EMPTY_REGISTRY,
  }) as { [key: string]: Plain };
  const { metadata: _, ...rest } = json;
  return { metadata: { hostname: node }, ...rest };
}

/** A node that failed, as plain data. */
export function failurePlain(failure: NodeFailure): Plain {
  const { node, error, code } = failure;
  return { metadata: { hostname: node, error, status: { code } } };
}

/** All answers and failures of one unary call. */
export function answersPlain<M>(answers: Answers<M>): Plain {
  const messages = answers.messages.map((answer) =>
    toPlain(answers.schema, answer as Answer<M & Message>)
  );
  return answers.failures.length === 0
    ? { messages }
    : { messages, errors: answers.failures.map(failurePlain) };
}

/** One value that is the whole output. */
export function formatDocument(format: DocumentFormat, value: Plain): string {
  return format === "json"
    ? `${JSON.stringify(value, null, 2)}\n`
    : stringify(value);
}

/** One value of many: a line of JSON, or a document of YAML. */
export function formatItem(format: DocumentFormat, value: Plain): string {
  return format === "json"
    ? `${JSON.stringify(value)}\n`
    : `---\n${stringify(value)}`;
}
