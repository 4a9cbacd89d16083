/**
 * talos.ImageService: the image that the node runs from, as a file and not
 * through its mount. WASM over something this large is no work for PID 1.
 *
 * The module and this code come from that very image: they find damage, and
 * cannot convict a node whose image was replaced as a whole.
 */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  type ImageVerificationSchema,
  type ImageVerifyResponse,
  ImageVerifyResponseSchema,
} from "#proto/image_pb.ts";
import {
  type ImageFault,
  ImageFaultError,
  openImage,
  verifyAll,
} from "#lib/image/signed_image.ts";
import { IMAGE_DIR, IMAGE_KEYS_NAME, IMAGE_NAME } from "#lib/paths.ts";

/** The image and its keys, as a node has them. */
export const NODE_IMAGE = {
  image: `${IMAGE_DIR}/${IMAGE_NAME}`,
  keys: `${IMAGE_DIR}/${IMAGE_KEYS_NAME}`,
};

type Draft = MessageInitShape<typeof ImageVerificationSchema>;

function badBlockOf(fault: ImageFault): Draft["badBlock"] {
  if (fault.kind !== "badBlock") return undefined;
  const { where, block, offset } = fault;
  return {
    ...where !== "data" && { treeLevel: where },
    block: BigInt(block),
    offset: BigInt(offset),
  };
}

/** What {@linkcode verify} found, bad or good. */
async function verification(source: typeof NODE_IMAGE): Promise<Draft> {
  let known: Draft = {};
  let started = performance.now();
  try {
    await using opened = await openImage(source);
    // The rate of the blocks, not of loading the module.
    started = performance.now();
    const { version, keyId, rootHash } = opened.manifest;
    const names = { keyId: keyId.toHex(), rootHash: rootHash.toHex() };
    known = { version, ...names };
    const { dataBlockSize } = opened.manifest;
    await verifyAll(opened, (done) => {
      known = {
        ...known,
        blocks: BigInt(done),
        bytes: BigInt(done * dataBlockSize),
      };
    });
  } catch (thrown) {
    if (!(thrown instanceof ImageFaultError)) throw thrown;
    const badBlock = badBlockOf(thrown.problem);
    known = { ...known, problem: thrown.message, ...badBlock && { badBlock } };
  }
  const duration = durationFromMs(Math.ceil(performance.now() - started));
  return { ...known, duration };
}

/** The reply of Verify: what is wrong is an answer, too. */
export async function* verify(
  source = NODE_IMAGE,
): AsyncGenerator<ImageVerifyResponse> {
  const messages = [await verification(source)];
  yield create(ImageVerifyResponseSchema, { messages });
}
