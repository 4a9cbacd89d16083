/**
 * Which header lists are well formed (RFC 9113 section 8). What passes may be
 * sent on to the next hop as it is.
 */
import type { Fields } from "./fields.ts";

/** Octets of a field name: token characters without upper case. */
const NAME_OCTETS: readonly boolean[] = (() => {
  const allowed = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
  const table = new Array<boolean>(256).fill(false);
  for (let i = 0; i < allowed.length; i++) table[allowed.charCodeAt(i)] = true;
  return table;
})();

/** Fields of a connection, which HTTP/2 does not have (section 8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

const REQUEST_PSEUDO: ReadonlySet<string> = new Set([
  ":method",
  ":scheme",
  ":authority",
  ":path",
]);
const RESPONSE_PSEUDO: ReadonlySet<string> = new Set([":status"]);
const NO_PSEUDO: ReadonlySet<string> = new Set();

/** What is wrong with a request's header list; undefined when nothing is. */
export function requestProblem(fields: Fields): string | undefined {
  if (fields.checked) return undefined;
  const problem = listProblem(fields, REQUEST_PSEUDO);
  if (problem) return problem;
  for (const name of [":method", ":scheme", ":path"]) {
    if (!fields.get(name)) return `no ${name}`;
  }
  fields.checked = true;
  return undefined;
}

/** The same for a response. */
export function responseProblem(fields: Fields): string | undefined {
  if (fields.checked) return undefined;
  const problem = listProblem(fields, RESPONSE_PSEUDO);
  if (problem) return problem;
  if (!/^[1-9][0-9][0-9]$/.test(fields.get(":status") ?? "")) {
    return "no :status";
  }
  fields.checked = true;
  return undefined;
}

/** The same for trailers. */
export function trailersProblem(fields: Fields): string | undefined {
  return listProblem(fields, NO_PSEUDO);
}

function listProblem(
  { flat }: Fields,
  pseudo: ReadonlySet<string>,
): string | undefined {
  let regular = false;
  const seen: string[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i]!;
    if (name.charCodeAt(0) === 0x3a) {
      if (regular) return "pseudo-header field after a regular one";
      if (!pseudo.has(name)) return "unknown pseudo-header field";
      if (seen.includes(name)) return `two of ${name}`;
      seen.push(name);
    } else {
      regular = true;
      const problem = nameProblem(name, flat[i + 1]!);
      if (problem) return problem;
    }
    if (!validValue(flat[i + 1]!)) return "forbidden octet in a value";
  }
  return undefined;
}

function nameProblem(name: string, value: string): string | undefined {
  if (name === "") return "empty field name";
  for (let i = 0; i < name.length; i++) {
    if (!NAME_OCTETS[name.charCodeAt(i)]) return "bad octet in a field name";
  }
  if (CONNECTION_FIELDS.has(name)) return `field ${name}`;
  return name === "te" && value !== "trailers"
    ? "te other than trailers"
    : undefined;
}

/** No NUL, CR, LF; no space around (section 8.2.1). */
function validValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const octet = value.charCodeAt(i);
    if (octet === 0 || octet === 10 || octet === 13) return false;
  }
  if (value === "") return true;
  return !isBlank(value.charCodeAt(0)) &&
    !isBlank(value.charCodeAt(value.length - 1));
}

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09;
}
