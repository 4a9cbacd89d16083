/** Answers of the inspect child as messages again. */
import {
  type DescMessage,
  fromBinary,
  type MessageShape,
} from "@bufbuild/protobuf";

/** The only message of `stream`. */
export async function single<D extends DescMessage>(
  schema: D,
  stream: AsyncIterable<Uint8Array>,
): Promise<MessageShape<D>> {
  for await (const bytes of stream) return fromBinary(schema, bytes);
  throw new Error(`no ${schema.typeName} came`);
}

/** All messages of `stream`, as they come. */
export async function* decoded<D extends DescMessage>(
  schema: D,
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<MessageShape<D>> {
  for await (const bytes of stream) yield fromBinary(schema, bytes);
}
