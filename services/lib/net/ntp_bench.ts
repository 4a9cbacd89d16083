/** What one reply costs. */
import { decodePacket, encodeRequest, readReply } from "./ntp.ts";
import { answerSntp } from "./sntp_responder.ts";

const T = 1_795_435_200_000;
const reply = answerSntp(encodeRequest(7n), { receivedMs: T, sentMs: T })!;

Deno.bench("ntp: decode and judge a reply", () => {
  readReply(decodePacket(reply), { nonce: 7n, sentMs: T, elapsedMs: 1 });
});

Deno.bench("ntp: answer a request", () => {
  answerSntp(encodeRequest(7n), { receivedMs: T, sentMs: T });
});
