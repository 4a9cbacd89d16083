/** The edge to the network: Deno's fetch with a client certificate. */
import type { KubeTransport } from "./client.ts";
import { KubeError } from "./errors.ts";

/** Which API server, and who asks. */
export interface KubeServer {
  /** As in `https://localhost:6443`. */
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly crt?: string;
  readonly key?: string;
  /** In place of a certificate. */
  readonly token?: string;
}

/** Requests over TLS, with HTTP/2 where the server has it. */
export function kubeTransport(server: KubeServer): KubeTransport {
  const { ca, crt, key, token } = server;
  const client = Deno.createHttpClient({
    caCerts: [ca],
    ...crt !== undefined && key !== undefined && { cert: crt, key },
  });
  return {
    async send({ method, path, body, contentType, signal }) {
      try {
        const response = await fetch(`${server.url}${path}`, {
          method,
          signal,
          client,
          // A redirect is nothing that an API server says.
          redirect: "error",
          headers: {
            accept: "application/json",
            ...token === undefined ? {} : { authorization: `Bearer ${token}` },
            ...contentType === undefined ? {} : { "content-type": contentType },
          },
          ...body === undefined ? {} : { body },
        });
        return { status: response.status, body: response.body };
      } catch (cause) {
        throw new KubeError(
          { kind: "unavailable", status: 0 },
          `Cannot reach the API server at ${server.url}`,
          { cause },
        );
      }
    },
    close: () => client.close(),
  };
}
