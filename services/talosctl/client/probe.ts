/**
 * What is wrong with an endpoint: dials it by hand and tells an unreachable
 * address, a foreign server and a server that refuses our certificate apart.
 * A call says "Unavailable" to all of them.
 */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import {
  checkServerIdentity,
  connect as connectTls,
  type TLSSocket,
} from "node:tls";
import { messageOf } from "#lib/errors.ts";
import { tlsKey } from "#lib/pki/pem.ts";
import type { ClientIdentity } from "./certificate.ts";
import type { Endpoint } from "./endpoint.ts";

/** What a probe found. */
export type Finding =
  /** It accepts us: what failed was the call, not the connection. */
  | { readonly kind: "fine" }
  | { readonly kind: "unreachable"; readonly why: string }
  | { readonly kind: "certificate"; readonly why: string };

/** How long an endpoint may take to accept a connection. */
const DIAL_MS = 5_000;
/** How long it may take to shake hands, then to say hello or to close. */
const HELLO_MS = 3_000;

const REASONS: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ETIMEDOUT: "connection timed out",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "name resolution failed",
  ENOENT: "no such socket",
};

function reason(error: unknown): string {
  const code = (error as { code?: string }).code ?? "";
  return REASONS[code] ?? messageOf(error);
}

function dial({ target }: Endpoint): Socket {
  return "socket" in target
    ? connectTcp({ path: target.socket })
    : connectTcp({ host: target.host, port: target.port });
}

/** Resolves with why the address cannot be reached, undefined when it can. */
function unreachable(
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = dial(endpoint);
    const end = (why?: string) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      socket.destroy();
      resolve(why);
    };
    const stop = () => end();
    const timer = setTimeout(
      () => end(`no connection within ${DIAL_MS / 1000} s`),
      DIAL_MS,
    );
    socket.once("connect", () => end());
    socket.once("error", (error) => end(reason(error)));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
}

/** Why the server's certificate is not one for `host` of our CA. */
function serverProblem(socket: TLSSocket, host: string): string | undefined {
  if (!socket.authorized) {
    const error = socket.authorizationError;
    return `the server's certificate is not of the context's CA (${
      error ? messageOf(error) : "not verified"
    })`;
  }
  const peer = socket.getPeerCertificate();
  const mismatch = checkServerIdentity(host, peer);
  return mismatch
    ? `the server's certificate is not for "${host}": ${mismatch.message}`
    : undefined;
}

/** Dials again, with TLS, to find out what kept a call from being answered. */
export async function examine(
  endpoint: Endpoint,
  options: { readonly identity: ClientIdentity; readonly signal: AbortSignal },
): Promise<Finding> {
  const why = await unreachable(endpoint, options.signal);
  if (why !== undefined) return { kind: "unreachable", why };
  if ("socket" in endpoint.target) return { kind: "fine" };
  return await shakeHands(endpoint.target, options);
}

function shakeHands(
  { host, port }: { host: string; port: number },
  { identity, signal }: { identity: ClientIdentity; signal: AbortSignal },
): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connectTls({
      host,
      port,
      ca: identity.ca,
      cert: identity.crt,
      key: tlsKey(identity.key),
      ALPNProtocols: ["h2"],
      rejectUnauthorized: false,
      ...(isIP(host) ? {} : { servername: host }),
      checkServerIdentity: () => undefined,
    });
    let shaken = false;
    const end = (finding: Finding) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      socket.destroy();
      resolve(finding);
    };
    const stop = () => end({ kind: "fine" });
    const refused = (text: string) =>
      end({
        kind: "certificate",
        why: shaken
          ? `the server refuses the client certificate (${text})`
          : `TLS handshake failed (${text})`,
      });
    const timer = setTimeout(
      () =>
        end(
          shaken ? { kind: "fine" } : {
            kind: "unreachable",
            why: `no TLS handshake within ${HELLO_MS / 1000} s`,
          },
        ),
      HELLO_MS,
    );
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    socket.once("secureConnect", () => {
      shaken = true;
      const why = serverProblem(socket, host);
      if (why) end({ kind: "certificate", why });
    });
    // A server that accepts us begins with its settings; one that does not,
    // in TLS 1.3 closes after what looked like a handshake.
    socket.once("data", () => end({ kind: "fine" }));
    socket.once("error", (error) => refused(reason(error)));
    socket.once("close", () => refused("it closed the connection"));
  });
}
