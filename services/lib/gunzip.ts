/** Unpacking gzip of others: never to more than the caller allows. */
import { gunzipSync } from "node:zlib";
import { AgentError } from "./errors.ts";

/** Bytes that are no gzip, or unpack to too many. */
export class GzipError extends AgentError<{ kind: "toolarge" | "invalid" }> {
  override name = "GzipError";
}

/** At most `maxBytes`. @throws {GzipError} */
export function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    // One more than allowed, so that the limit itself is allowed.
    const unpacked = gunzipSync(bytes, { maxOutputLength: maxBytes + 1 });
    if (unpacked.length <= maxBytes) return unpacked;
  } catch (thrown) {
    const { code } = thrown as { code?: string };
    const large = code === "ERR_BUFFER_TOO_LARGE" ||
      thrown instanceof RangeError;
    if (!large) throw new GzipError({ kind: "invalid" }, "broken gzip");
  }
  const text = `unpacks to more than ${maxBytes} bytes`;
  throw new GzipError({ kind: "toolarge" }, text);
}
