/** Downloads that are checked before anyone sees them. */
import { createHash } from "node:crypto";
import { concatBytes } from "#lib/bytes.ts";
import { AgentError } from "#lib/errors.ts";

/** Why nothing came. */
export class FetchError extends AgentError<
  | { kind: "gone"; url: string }
  | { kind: "status"; url: string; status: number }
  | { kind: "network"; url: string }
  | { kind: "digest"; url: string; expected: string; actual: string }
> {}

/** Attempts for a server that errs or a connection that breaks. */
const ATTEMPTS = 4;
/** No part is larger; a server that sends more is not the one we mean. */
const SIZE_MAX = 512 << 20;

/** An expected digest: of which kind, and how it is written. */
export interface Expected {
  readonly algorithm: "sha256" | "sha512";
  readonly encoding: "hex" | "base64";
  readonly value: string;
}

async function attempt(url: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new FetchError({ kind: "network", url }, `Cannot fetch "${url}"`, {
      cause,
    });
  }
  if (!response.ok) {
    await response.body?.cancel();
    const kind = response.status === 404 ? "gone" : "status";
    const problem = kind === "gone"
      ? { kind, url } as const
      : { kind, url, status: response.status } as const;
    throw new FetchError(problem, `Cannot fetch "${url}": ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > SIZE_MAX) {
      throw new FetchError(
        { kind: "network", url },
        `Cannot fetch "${url}": it is larger than ${SIZE_MAX} bytes`,
      );
    }
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}

/** The bytes behind `url`, which have the digest `expected`. */
export async function fetchChecked(
  url: string,
  expected: Expected,
): Promise<Uint8Array> {
  let last: unknown;
  for (let n = 0; n < ATTEMPTS; n++) {
    try {
      const bytes = await attempt(url);
      const actual = createHash(expected.algorithm).update(bytes)
        .digest(expected.encoding);
      if (actual === expected.value) return bytes;
      throw new FetchError(
        { kind: "digest", url, expected: expected.value, actual },
        `Refused "${url}": its ${expected.algorithm} is ${actual}, not ${expected.value}`,
      );
    } catch (thrown) {
      last = thrown;
      if (
        thrown instanceof FetchError &&
        (thrown.problem.kind === "gone" || thrown.problem.kind === "digest")
      ) break;
      await new Promise((resolve) => setTimeout(resolve, 500 << n));
    }
  }
  throw last;
}
