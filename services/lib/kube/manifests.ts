/**
 * Manifests of others: YAML of many objects, from where the config says. Read
 * within limits, before anything of it is believed.
 */
import { isAlias, visit } from "yaml";
import { readSource } from "../config/yaml/source.ts";
import { AgentError } from "../errors.ts";
import type { KubeObject } from "./resources.ts";

/** The largest operator's bundle of CRDs stays below half of these. */
const MANIFEST_LIMITS = {
  bytes: 4 << 20,
  depth: 64,
  tokens: 600_000,
  documents: 512,
};
const FETCH_MS = 60_000;

/** A manifest that cannot be had or read. */
export class ManifestError extends AgentError<{ readonly kind: "manifest" }> {
  override name = "ManifestError";

  constructor(url: string, what: string, options?: ErrorOptions) {
    super(
      { kind: "manifest" },
      `Cannot use manifest "${url}": ${what}`,
      options,
    );
  }
}

function isObject(value: unknown): value is KubeObject {
  const { apiVersion, kind, metadata } = (value ?? {}) as Partial<KubeObject>;
  return typeof apiVersion === "string" && typeof kind === "string" &&
    typeof metadata?.name === "string";
}

/** The objects of `text`; lists are taken apart. */
export function readManifest(url: string, text: Uint8Array): KubeObject[] {
  const { documents, problems } = readSource(text, {
    limits: MANIFEST_LIMITS,
    typed: true,
  });
  const [first] = problems;
  if (first) throw new ManifestError(url, `${first.line}: ${first.message}`);
  return documents.flatMap((document): KubeObject[] => {
    // An alias of an alias of an alias is a bomb.
    visit(document, (_key, node) => {
      if (isAlias(node)) throw new ManifestError(url, "it has aliases");
    });
    const value: unknown = document.toJS();
    if (value === null) return [];
    const { kind, items } = value as { kind?: unknown; items?: unknown };
    const all = kind === "List" && Array.isArray(items) ? items : [value];
    for (const one of all) {
      if (isObject(one)) continue;
      throw new ManifestError(url, "an object without apiVersion, kind, name");
    }
    return all as KubeObject[];
  });
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > MANIFEST_LIMITS.bytes) {
      throw new Error(`it has more than ${MANIFEST_LIMITS.bytes} bytes`);
    }
    pieces.push(piece);
  }
  return await new Blob(pieces).bytes();
}

/** Fetches a manifest. */
export async function fetchManifest(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]);
  let bytes: Uint8Array;
  try {
    const response = await fetch(url, { headers, signal: limit });
    if (!response.ok) throw new Error(`${response.status}`);
    bytes = await bodyOf(response);
  } catch (cause) {
    throw new ManifestError(url, "it cannot be fetched", { cause });
  }
  return readManifest(url, bytes);
}
