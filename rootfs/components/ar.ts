/**
 * The ar(5) archive that a .deb is: sans-IO, checked.
 *
 *     "!<arch>\n" { name[16] mtime[12] uid[6] gid[6] mode[8] size[10] "`\n" data pad }
 */
import { AgentError } from "#lib/errors.ts";

/** Bytes that are not such an archive. */
export class ArError extends AgentError<{ kind: "ar"; offset: number }> {}

const MAGIC = "!<arch>\n";
const HEADER_BYTES = 60;
/** A .deb has three members. */
const MEMBERS_MAX = 16;

function problem(offset: number, what: string): ArError {
  return new ArError(
    { kind: "ar", offset },
    `Cannot read archive at byte ${offset}: ${what}`,
  );
}

/** The members of `archive` by name. */
export function readAr(archive: Uint8Array): Map<string, Uint8Array> {
  const ascii = (from: number, to: number) =>
    String.fromCharCode(...archive.subarray(from, to));
  if (ascii(0, MAGIC.length) !== MAGIC) throw problem(0, "no ar magic");
  const members = new Map<string, Uint8Array>();
  let at = MAGIC.length;
  while (at < archive.length) {
    if (members.size === MEMBERS_MAX) throw problem(at, "too many members");
    if (at + HEADER_BYTES > archive.length) throw problem(at, "short header");
    if (ascii(at + 58, at + 60) !== "`\n") throw problem(at, "bad header");
    const name = ascii(at, at + 16).trimEnd().replace(/\/$/, "");
    const digits = ascii(at + 48, at + 58).trimEnd();
    if (!/^\d+$/.test(digits)) throw problem(at, "bad size");
    const size = Number(digits);
    const data = at + HEADER_BYTES;
    if (data + size > archive.length) throw problem(at, "short member");
    members.set(name, archive.subarray(data, data + size));
    // Members begin at even offsets.
    at = data + size + (size & 1);
  }
  return members;
}
