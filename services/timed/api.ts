/** time.TimeService: messages to questions and back. */
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { TimeService } from "#proto/time_pb.ts";
import type { ServiceHandlers } from "#lib/rpc/call.ts";
import type { Answer, Timed } from "./timed.ts";

function reply(answer: Answer) {
  return {
    messages: [{
      server: answer.server,
      localtime: timestampFromMs(answer.localMs),
      remotetime: timestampFromMs(answer.remoteMs),
    }],
  };
}

/** Both methods ask a server at the time of the call. */
export function timeHandlers(
  timed: Pick<Timed, "query">,
): ServiceHandlers<typeof TimeService> {
  return {
    time: async (_, call) => reply(await timed.query(undefined, call.signal)),
    timeCheck: async ({ server }, call) =>
      reply(await timed.query(server, call.signal)),
  };
}
