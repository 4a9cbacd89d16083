/** talos.ImageService: every call is answered by an inspect child. */
import type { ServiceHandlers } from "#lib/rpc/call.ts";
import {
  type ImageService,
  ImageVerifyResponseSchema,
} from "#proto/image_pb.ts";
import { single } from "./decode.ts";
import type { Node } from "./node.ts";

/** The handlers for `node`. */
export function imageService(
  { inspect }: Pick<Node, "inspect">,
): ServiceHandlers<typeof ImageService> {
  return {
    verify: (_, { signal }) =>
      single(ImageVerifyResponseSchema, inspect("verifyImage", {}, signal)),
  };
}
