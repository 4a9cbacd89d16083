/** `talosctl image verify`. Pure. */
import type { ImageVerification } from "#proto/image_pb.ts";
import type { Answer } from "../client/answers.ts";
import { withHeader } from "./table.ts";

/** As much of a key id as tells keys apart. */
const KEY_ID_CHARS = 16;

/** Millions of bytes a second; nothing when nothing was read. */
function rate({ bytes, duration }: ImageVerification): string {
  const seconds = Number(duration?.seconds ?? 0n) +
    (duration?.nanos ?? 0) / 1e9;
  if (bytes === 0n || seconds <= 0) return "-";
  return (Number(bytes) / 1e6 / seconds).toFixed(0);
}

/** A row for each node; the last cell says what is wrong. */
export function renderVerifications(
  answers: readonly Answer<ImageVerification>[],
): string {
  const rows = answers.map(({ node, message }) => [
    node,
    message.version || "-",
    message.keyId.slice(0, KEY_ID_CHARS) || "-",
    message.rootHash || "-",
    String(message.blocks),
    rate(message),
    message.problem || "ok",
  ]);
  return withHeader([
    "NODE",
    "VERSION",
    "KEY ID",
    "ROOT HASH",
    "BLOCKS",
    "MB/s",
    "RESULT",
  ], rows);
}
