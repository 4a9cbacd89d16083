/** Typed clients of a node's public API, with any identity a test wants. */
import type { DescService } from "@bufbuild/protobuf";
import type { ServiceClient } from "#lib/rpc/call.ts";
import { PORTS } from "#lib/paths.ts";
import { type ClientTls, connect, createClient } from "#lib/rpc/client.ts";

/** Calls `use` with a client of `service` on the apid of `host`. */
export async function withApi<S extends DescService, T>(
  service: S,
  target: {
    host: string;
    port?: number;
    tls: ClientTls;
    metadata?: Record<string, string>;
  },
  use: (client: ServiceClient<S>) => Promise<T>,
): Promise<T> {
  const { host, port = PORTS.apid, ...rest } = target;
  const channel = connect({ target: { host, port }, ...rest });
  try {
    return await use(createClient(service, channel));
  } finally {
    channel.close();
  }
}
