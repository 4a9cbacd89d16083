/** securityapi.SecurityService: messages to calls and back. */
import type { SecurityService } from "#proto/security_pb.ts";
import type { ServerCall, ServiceHandlers } from "#lib/rpc/call.ts";
import { readShared, type SharedFile, writeShared } from "./files.ts";
import type { Trustd } from "./trustd.ts";

/** Answers of a `Trustd`; `files` is another list in tests. */
export function securityHandlers(
  trustd: Pick<Trustd, "certificate">,
  files?: readonly SharedFile[],
): ServiceHandlers<typeof SecurityService> {
  const encoder = new TextEncoder();
  return {
    certificate: async ({ csr }, { peer }) => {
      const text = new TextDecoder().decode(csr);
      const { ca, crt } = await trustd.certificate(text, peer);
      return { ca: encoder.encode(ca), crt: encoder.encode(crt) };
    },
    readFile: async ({ path }) => ({ data: await readShared(path, files) }),
    writeFile: async ({ path, data, perm }) => {
      await writeShared({ path, data, perm }, files);
      return {};
    },
  };
}

/** Every call needs the token, whatever it calls. */
export function authorizeByToken(
  trustd: Pick<Trustd, "gate">,
): (call: ServerCall) => void {
  return (call) => trustd.gate.check(call.peer, call.metadata("token"));
}
