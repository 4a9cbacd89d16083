/**
 * Images that containerd has, and roots made of them: names, blobs, snapshots.
 * What a registry wrote is read by oci/image.ts only.
 */
import { Content } from "#proto/containerd_content_pb.ts";
import { Images } from "#proto/containerd_images_pb.ts";
import { Snapshots } from "#proto/containerd_snapshots_pb.ts";
import { concatBytes } from "../bytes.ts";
import {
  chainId,
  configOf,
  decodeImageConfig,
  type Descriptor,
  IMAGE_JSON_BYTES_MAX,
  type ImageConfig,
  ImageError,
  type ImagePlatform,
  isIndex,
  manifestFor,
} from "../oci/image.ts";
import { type Channel, createClient } from "../rpc/client.ts";
import type { RootMount } from "./client.ts";
import { isAlreadyExists, isNotFound } from "./errors.ts";

/** On a real file system; what pulls unpack for. */
export const SNAPSHOTTER = "overlayfs";
const QUICK_MS = 5_000;
/** Removing a snapshot may have to wait for the disk. */
const SLOW_MS = 15_000;

/** An image that is there. */
export interface StoredImage {
  readonly name: string;
  /** Of what the name stands for: an index or a manifest. */
  readonly digest: string;
  readonly config: ImageConfig;
}

/** The part of the client that is about images. */
export interface ImageCalls {
  /** Undefined when there is no such name here. @throws {ImageError} */
  getImage(
    name: string,
    platform: ImagePlatform,
  ): Promise<StoredImage | undefined>;
  /** A writable root of the image's layers, named `key`; made anew. */
  prepareRoot(key: string, image: StoredImage): Promise<RootMount[]>;
  /** Has no effect when it is not there. */
  removeRoot(key: string): Promise<void>;
}

/** The calls, over `channel`. */
export function imageCalls(channel: Channel): ImageCalls {
  return { ...nameCalls(channel), ...rootCalls(channel) };
}

function nameCalls(channel: Channel): Pick<ImageCalls, "getImage"> {
  const images = createClient(Images, channel);
  const read = blobReader(channel);
  return {
    async getImage(name, platform) {
      const options = { timeoutMs: QUICK_MS };
      const found = await images.get({ name }, options).catch((thrown) => {
        if (!isNotFound(thrown)) throw thrown;
      });
      const target = found?.image?.target;
      if (!target) return undefined;
      const { mediaType, digest } = target;
      const top = { mediaType, digest, size: Number(target.size) };
      const manifest = isIndex(top)
        ? await read(manifestFor(await read(top), platform))
        : await read(top);
      const config = decodeImageConfig(await read(configOf(manifest)));
      return { name, digest, config };
    },
  };
}

/** Reads blobs of JSON; containerd has checked their digests. */
function blobReader(channel: Channel) {
  const content = createClient(Content, channel);
  return async ({ digest, size }: Descriptor): Promise<Uint8Array> => {
    if (size > IMAGE_JSON_BYTES_MAX) {
      throw new ImageError(
        { kind: "tooLarge", what: digest },
        `Cannot read the image: ${size} bytes of ${digest} are too many`,
      );
    }
    const parts: Uint8Array[] = [];
    let length = 0;
    const options = { timeoutMs: QUICK_MS };
    for await (const { data } of content.read({ digest }, options)) {
      parts.push(data);
      length += data.length;
      if (length > IMAGE_JSON_BYTES_MAX) break;
    }
    return concatBytes(parts);
  };
}

function rootCalls(
  channel: Channel,
): Pick<ImageCalls, "prepareRoot" | "removeRoot"> {
  const snapshots = createClient(Snapshots, channel);
  const options = { timeoutMs: SLOW_MS };
  async function removeRoot(key: string): Promise<void> {
    const request = { snapshotter: SNAPSHOTTER, key };
    await snapshots.remove(request, options).catch((thrown) => {
      if (!isNotFound(thrown)) throw thrown;
    });
  }
  return {
    async prepareRoot(key, { config }) {
      const request = {
        snapshotter: SNAPSHOTTER,
        key,
        parent: chainId(config.diffIds),
        // Ours to remove: the collector leaves it alone.
        labels: { "containerd.io/gc.root": key },
      };
      const prepare = () => snapshots.prepare(request, options);
      const { mounts } = await prepare().catch(async (thrown) => {
        if (!isAlreadyExists(thrown)) throw thrown;
        await removeRoot(key);
        return await prepare();
      });
      return mounts.map(({ type, source, options }) => ({
        type,
        source,
        options: [...options],
      }));
    },
    removeRoot,
  };
}
