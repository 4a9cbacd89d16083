/** How a client gets to its server: a unix socket, TCP, or TLS over TCP. */
import { createHash } from "node:crypto";
import { connect as connectTcp, isIP } from "node:net";
import {
  checkServerIdentity,
  connect as connectTls,
  type ConnectionOptions,
  type TLSSocket,
} from "node:tls";
import { X509Certificate } from "node:crypto";
import { Buffer } from "node:buffer";
import { openTransport } from "../http2/socket_transport.ts";
import { tlsKey } from "../pki/pem.ts";
import { dialUnix } from "../relay/sockets.ts";
import type { Dial } from "../relay/upstream.ts";

/** How a client trusts and shows itself; PEM texts. */
export interface ClientTls {
  /** The server's certificate must be of this CA. */
  readonly ca?: string;
  /** The client's own certificate, with its key. */
  readonly crt?: string;
  readonly key?: string;
  /** The name or address that the server's certificate must carry; else the host. */
  readonly serverName?: string;
  /** Accepts any certificate: only where nothing could be verified against. */
  readonly insecure?: boolean;
  /**
   * With `insecure`: the certificate's public key must have one of these
   * SHA-256 digests (base64), unless there are none.
   */
  readonly keyFingerprints?: readonly string[];
}

/** What a client dials. */
export type Target =
  | { readonly socket: string }
  | { readonly host: string; readonly port: number };

const KEEPALIVE_MS = 15_000;

/** As texts and `:authority` have it. */
export function targetName(target: Target): string {
  if ("socket" in target) return target.socket;
  const host = isIP(target.host) === 6 ? `[${target.host}]` : target.host;
  return `${host}:${target.port}`;
}

/** The way to `target`. */
export function dialTo(target: Target, tls?: ClientTls): Dial {
  if ("socket" in target) return dialUnix(target.socket);
  return (signal) => {
    const socket = tls
      ? connectTls(tlsOptions(target, tls))
      : connectTcp(target);
    return openTransport(socket, {
      signal,
      event: tls ? "secureConnect" : "connect",
      check: () => tls && serverProblem(socket as TLSSocket, tls),
      keepAliveMs: KEEPALIVE_MS,
    });
  };
}

function tlsOptions(
  { host, port }: { host: string; port: number },
  tls: ClientTls,
): ConnectionOptions {
  const expected = tls.serverName ?? host;
  return {
    host,
    port,
    ALPNProtocols: ["h2"],
    minVersion: "TLSv1.2",
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.crt !== undefined && { cert: tls.crt }),
    ...(tls.key !== undefined && { key: tlsKey(tls.key) }),
    // An address is no server name in TLS; it is looked up in the IP SANs.
    ...(isIP(expected) === 0 && { servername: expected }),
    rejectUnauthorized: !tls.insecure,
    checkServerIdentity: (_, certificate) =>
      tls.insecure ? undefined : checkServerIdentity(expected, certificate),
  };
}

/** What rejectUnauthorized does not see. */
function serverProblem(socket: TLSSocket, tls: ClientTls): string | undefined {
  if (socket.alpnProtocol !== "h2") return "the server does not speak HTTP/2";
  const { keyFingerprints = [] } = tls;
  if (keyFingerprints.length === 0) return undefined;
  const own = keyFingerprint(socket.getPeerCertificate().raw);
  return keyFingerprints.includes(own)
    ? undefined
    : `the server's key has the fingerprint ${own}, which is not expected`;
}

function keyFingerprint(der: Uint8Array): string {
  const { publicKey } = new X509Certificate(Buffer.from(der));
  const spki = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("base64");
}
