/** talos.ImageService: every call is answered by an inspect child. */
import type { ServiceHandlers } from "#lib/rpc/call.ts";
import { DataSchema } from "#proto/common_pb.ts";
import { FileInfoSchema } from "#proto/machine_pb.ts";
import {
  type ImageService,
  ImageVerifyResponseSchema,
} from "#proto/image_pb.ts";
import { decoded, single } from "./decode.ts";
import type { Node } from "./node.ts";

/** The handlers for `node`. */
export function imageService(
  { inspect }: Pick<Node, "inspect">,
): ServiceHandlers<typeof ImageService> {
  return {
    listStream: ({ path }, { signal }) =>
      decoded(FileInfoSchema, inspect("listImage", { path }, signal)),
    readStream: ({ path }, { signal }) =>
      decoded(DataSchema, inspect("readImage", { path }, signal)),
    verify: (_, { signal }) =>
      single(ImageVerifyResponseSchema, inspect("verifyImage", {}, signal)),
  };
}
