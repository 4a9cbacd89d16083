/**
 * Pushes images to a registry: the OCI distribution API, version 1.1. A blob
 * that is there is not sent again.
 */
import { AgentError, messageOf } from "#lib/errors.ts";
import { type Descriptor, type Image, partsOf } from "./image.ts";

/** Why a registry did not take something. */
export class PushError extends AgentError<
  | { kind: "unreachable"; url: string }
  | { kind: "refused"; url: string; status: number; codes: readonly string[] }
> {}

/** A registry's answer that is longer is none. */
const ANSWER_BYTES_MAX = 64 << 10;
/** A registry takes a program of 100 MB in well under a second. */
const TIMEOUT_MS = 120_000;

/** Where the bytes of a blob come from. */
type Body = Uint8Array<ArrayBuffer> | { readonly path: string };

/** What was sent and what was not. */
export interface Pushed {
  readonly sent: number;
  readonly there: number;
}

/** The codes of an error document, such as `DIGEST_INVALID`. */
function codesOf(text: string): string[] {
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown }[] };
    return (errors ?? []).map(({ code }) => String(code));
  } catch {
    return [];
  }
}

async function shortText(response: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > ANSWER_BYTES_MAX) break;
  }
  return text;
}

/** One request; `wanted` are the statuses that are no failure. */
async function ask(
  url: URL,
  { wanted, ...init }: RequestInit & { wanted: readonly number[] },
): Promise<Response> {
  let response: Response;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(url, { ...init, signal });
  } catch (cause) {
    throw new PushError(
      { kind: "unreachable", url: url.href },
      `Cannot reach the registry at "${url.origin}": ${messageOf(cause)}`,
    );
  }
  const { status } = response;
  const text = await shortText(response);
  if (wanted.includes(status)) return response;
  const codes = codesOf(text);
  throw new PushError(
    { kind: "refused", url: url.href, status, codes },
    `The registry refused ${init.method} "${url.pathname}": ${
      [status, ...codes].join(" ")
    }`,
  );
}

/** A registry that takes images. */
export class Registry {
  readonly #base: URL;

  /** `base` is for instance `http://127.0.0.1:5000`. */
  constructor(base: string) {
    this.#base = new URL(base);
  }

  #url(path: string): URL {
    return new URL(`/v2/${path}`, this.#base);
  }

  /** Sends a blob unless it is there; says whether it did. */
  async pushBlob(
    repository: string,
    { digest }: Descriptor,
    { body }: { body: Body },
  ): Promise<boolean> {
    const blob = this.#url(`${repository}/blobs/${digest}`);
    const found = await ask(blob, { method: "HEAD", wanted: [200, 404] });
    if (found.status === 200) return false;
    const begun = await ask(this.#url(`${repository}/blobs/uploads/`), {
      method: "POST",
      wanted: [202],
    });
    const upload = new URL(begun.headers.get("location") ?? "", this.#base);
    upload.searchParams.set("digest", digest);
    await ask(upload, {
      method: "PUT",
      // Whole, since the API wants its length first; compressed, our largest
      // has 30 MB.
      body: "path" in body ? await Deno.readFile(body.path) : body,
      headers: { "content-type": "application/octet-stream" },
      wanted: [201],
    });
    return true;
  }

  /** Sends what is missing of `image`, the manifest last. */
  async push(image: Image): Promise<Pushed> {
    const { repository, tag } = partsOf(image.reference);
    const { manifest, config, layers } = image;
    const blobs: [Descriptor, Body][] = layers.map(({ descriptor, path }) => [
      descriptor,
      { path },
    ]);
    blobs.push([config.descriptor, config.bytes]);
    let sent = 0;
    for (const [descriptor, body] of blobs) {
      if (await this.pushBlob(repository, descriptor, { body })) sent++;
    }
    await ask(this.#url(`${repository}/manifests/${tag}`), {
      method: "PUT",
      body: manifest.bytes,
      headers: { "content-type": manifest.descriptor.mediaType },
      wanted: [201],
    });
    return { sent, there: blobs.length - sent };
  }
}
