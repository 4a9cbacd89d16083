/** Calls machined of a container node on its own socket, around apid. */
import { MachineService, type ServiceInfo } from "#proto/machine_pb.ts";
import { SOCKETS } from "#lib/paths.ts";
import type { ServiceClient } from "#lib/rpc/call.ts";
import { Role, ROLE_METADATA } from "#lib/rpc/roles.ts";
import { connect, createClient } from "#lib/rpc/client.ts";

/** Everything that the log of `service` still holds. */
export async function serviceLog(
  init: number,
  service: string,
): Promise<string> {
  return await withMachined(init, async (client) => {
    const decoder = new TextDecoder();
    let text = "";
    const request = { namespace: "system", id: service, tailLines: -1 };
    for await (const { bytes } of client.logs(request, OPTIONS)) {
      text += decoder.decode(bytes, { stream: true });
    }
    return text;
  });
}

/** The services of the node whose PID 1 is `init`. */
export async function services(init: number): Promise<ServiceInfo[]> {
  return await withMachined(init, async (client) => {
    const reply = await client.serviceList({}, OPTIONS);
    return reply.messages[0]!.services;
  });
}

const OPTIONS = {
  timeoutMs: 2_000,
  metadata: { [ROLE_METADATA]: Role.reader },
};

async function withMachined<T>(
  init: number,
  use: (client: ServiceClient<typeof MachineService>) => Promise<T>,
): Promise<T> {
  const socket = `/proc/${init}/root${SOCKETS.machined}`;
  const channel = connect({ target: { socket } });
  try {
    return await use(createClient(MachineService, channel));
  } finally {
    channel.close();
  }
}
