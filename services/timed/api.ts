/** time.TimeService: messages to questions and back. */
import type { TimeService } from "#proto/time_pb.ts";
import type { ServiceHandlers } from "#lib/rpc/call.ts";
import type { Answer, Timed } from "./timed.ts";

/** google.protobuf.Timestamp of milliseconds with a fraction. */
function timestamp(ms: number) {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.floor((ms - seconds * 1000) * 1e6);
  return { seconds: BigInt(seconds), nanos };
}

function reply(answer: Answer) {
  return {
    messages: [{
      server: answer.server,
      localtime: timestamp(answer.localMs),
      remotetime: timestamp(answer.remoteMs),
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
