/** Endpoints as users write them. Pure. */
import { isIP } from "node:net";
import { PORTS } from "#lib/paths.ts";
import { CliError } from "../cli/errors.ts";

/** Where to dial. */
export interface Endpoint {
  /** As the NODE column shows it. */
  readonly label: string;
  readonly target:
    | { readonly socket: string }
    | { readonly host: string; readonly port: number };
}

const HOST = /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?\.?$/;

function bad(text: string): never {
  throw new CliError("usage", `invalid endpoint "${text}"`, {
    next: "want a host name or an address, with or without a port",
  });
}

/**
 * `host`, `host:port`, `10.5.0.2`, `fd00::2`, `[fd00::2]:50000`, and
 * `unix:///path` for the socket of a node's own API.
 *
 * @throws {CliError} kind usage
 */
export function parseEndpoint(text: string): Endpoint {
  if (text.startsWith("unix://")) {
    const socket = text.slice("unix://".length);
    return socket.startsWith("/")
      ? { label: socket, target: { socket } }
      : bad(text);
  }
  if (isIP(text)) {
    return { label: text, target: { host: text, port: PORTS.apid } };
  }
  const [, bracketed, plain, digits] =
    /^(?:\[([^\]]+)\]|([^:\[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? PORTS.apid : Number(digits);
  if (host === undefined || port < 1 || port > 65_535) bad(text);
  const valid = bracketed === undefined
    ? isIP(host) || HOST.test(host)
    : isIP(host) === 6;
  return valid ? { label: host, target: { host, port } } : bad(text);
}

/** The order in which endpoints are tried: any is as good as another. */
export function shuffle<T>(items: readonly T[], random = Math.random): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}
