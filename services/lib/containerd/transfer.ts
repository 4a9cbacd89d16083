/**
 * Pulls by containerd's transfer service: it resolves, fetches, checks and
 * unpacks; mirrors and TLS are in its directory of hosts. It asks us for
 * credentials, and tells how far it is, on streams beside the call.
 */
import {
  create,
  type DescMessage,
  fromBinary,
  toBinary,
} from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Streaming, StreamInitSchema } from "#proto/containerd_streaming_pb.ts";
import { Transfer } from "#proto/containerd_transfer_pb.ts";
import {
  AuthRequestSchema,
  AuthResponseSchema,
  AuthType,
  ImageStoreSchema,
  OCIRegistrySchema,
  type Progress,
  ProgressSchema,
} from "#proto/containerd_transfer_types_pb.ts";
import type { ImagePlatform } from "../oci/image.ts";
import type { ServiceClient } from "../rpc/call.ts";
import { type Channel, createClient } from "../rpc/client.ts";
import { rpcError } from "../rpc/status.ts";
import { SNAPSHOTTER } from "./images.ts";

/** Credentials for one host; what is absent was not given. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
}

/** How far a pull is. */
export interface PullProgress {
  /** Of all blobs that are known of so far. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** One pull. */
export interface TransferOptions {
  /** Whole: `registry.k8s.io/pause:3.10.1`. */
  readonly image: string;
  readonly platform: ImagePlatform;
  /** containerd's directory of hosts. */
  readonly hostsDir: string;
  readonly auth: (host: string) => RegistryAuth | undefined;
  readonly progress: (progress: PullProgress) => void;
  readonly signal: AbortSignal;
}

/** The part of the client that pulls. */
export interface TransferCalls {
  /** Resolves when the image is stored and unpacked. @throws {RpcError} */
  transferImage(options: TransferOptions): Promise<void>;
}

/** The kubelet's collector sees no pod use them. */
const KEPT = { "io.cri-containerd.pinned": "pinned" };

/** A message as containerd names it: without a host. */
function any<D extends DescMessage>(
  schema: D,
  message: MessageInitShape<D>,
): { typeUrl: string; value: Uint8Array } {
  const value = toBinary(schema, create(schema, message));
  return { typeUrl: schema.typeName, value };
}

function isA({ typeUrl }: Any, schema: DescMessage): boolean {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1) === schema.typeName;
}

/** Blobs whose progress is kept; no image has more. */
const BLOBS_MAX = 1024;

/** Adds up what containerd says of single blobs. */
export class ProgressSum {
  readonly #blobs = new Map<string, { done: number; total: number }>();

  /** Undefined when it is about no blob. */
  add({ event, progress, total, desc }: Progress): PullProgress | undefined {
    const digest = desc?.digest ?? "";
    const known = this.#blobs.has(digest);
    if (!desc || !known && this.#blobs.size >= BLOBS_MAX) return undefined;
    // "extracting" counts from the start again.
    const fetched = /^(complete|already exists|extract)/.test(event);
    this.#blobs.set(digest, {
      done: fetched ? Number(desc.size) : Number(progress),
      total: Number(total > desc.size ? total : desc.size),
    });
    let doneBytes = 0, totalBytes = 0;
    for (const blob of this.#blobs.values()) {
      doneBytes += blob.done;
      totalBytes += blob.total;
    }
    return { doneBytes, totalBytes };
  }
}

function answerOf(auth: RegistryAuth | undefined) {
  const { username = "", password = "", identityToken } = auth ?? {};
  return identityToken === undefined
    ? { authType: AuthType.CREDENTIALS, username, secret: password }
    : { authType: AuthType.REFRESH, secret: identityToken };
}

/** Opens a stream that containerd knows by `id`; `take` gets its messages. */
async function openStream(
  streaming: ServiceClient<typeof Streaming>,
  { id, take, signal }: {
    id: string;
    take: (message: Any, answer: (message: Any) => void) => void;
    signal: AbortSignal;
  },
): Promise<() => void> {
  const call = streaming.stream(any(StreamInitSchema, { id }), { signal });
  // containerd says that it has the stream.
  if (!await call.next()) throw rpcError("Internal", "the stream ended");
  void (async () => {
    for (;;) {
      const message = await call.next();
      if (!message) return;
      take(message, (answer) => call.send(answer));
    }
  })().catch(() => {});
  return () => call.cancel();
}

/** The calls, over `channel`. */
export function transferCalls(channel: Channel): TransferCalls {
  const streaming = createClient(Streaming, channel);
  const transfer = createClient(Transfer, channel);

  return {
    async transferImage(options) {
      const { image, platform, hostsDir, auth, signal } = options;
      const id = crypto.randomUUID();
      const sum = new ProgressSum();
      const closers: (() => void)[] = [];
      try {
        closers.push(
          await openStream(streaming, {
            id: `auth-${id}`,
            signal,
            take: (message, answer) => {
              if (!isA(message, AuthRequestSchema)) return;
              const { host } = fromBinary(AuthRequestSchema, message.value);
              answer(any(AuthResponseSchema, answerOf(auth(host))) as Any);
            },
          }),
        );
        closers.push(
          await openStream(streaming, {
            id: `progress-${id}`,
            signal,
            take: (message) => {
              if (!isA(message, ProgressSchema)) return;
              const all = sum.add(fromBinary(ProgressSchema, message.value));
              if (all) options.progress(all);
            },
          }),
        );
        const resolver = { authStream: `auth-${id}`, hostDir: hostsDir };
        await transfer.transfer({
          source: any(OCIRegistrySchema, { reference: image, resolver }),
          destination: any(ImageStoreSchema, {
            name: image,
            labels: KEPT,
            platforms: [platform],
            unpacks: [{ platform, snapshotter: SNAPSHOTTER }],
          }),
          options: { progressStream: `progress-${id}` },
        }, { signal });
      } finally {
        for (const close of closers) close();
      }
    },
  };
}
