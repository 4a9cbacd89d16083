/** The answering server, as bytes and over loopback. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { exchange } from "./datagram.ts";
import {
  decodePacket,
  encodeRequest,
  NtpError,
  readReply,
  toUnixMs,
} from "./ntp.ts";
import { answerSntp, startSntpResponder } from "./sntp_responder.ts";

const TIMES = { receivedMs: 1_795_435_200_000, sentMs: 1_795_435_200_250 };

Deno.test("sntp responder: the answer to a request", () => {
  const answer = answerSntp(encodeRequest(7n), TIMES);
  assertEquals(
    answer?.toHex(),
    "240300ec" + "00000000" + "00000042" + "4c4f434c" +
      "eeaea94000000000" + "0000000000000007" +
      "eeaea94000000000" + "eeaea94040000000",
  );
});

Deno.test("sntp responder: what deserves no answer", () => {
  const request = encodeRequest(7n);
  const withFirst = (byte: number) => {
    const bytes = request.slice();
    bytes[0] = byte;
    return bytes;
  };
  assertEquals(answerSntp(new Uint8Array(), TIMES), undefined);
  assertEquals(answerSntp(request.subarray(0, 47), TIMES), undefined);
  // An answer, a broadcast, a control message, version 0.
  for (const byte of [0x24, 0x25, 0x26, 0x03]) {
    assertEquals(answerSntp(withFirst(byte), TIMES), undefined, `${byte}`);
  }
});

Deno.test("sntp responder: over loopback", async () => {
  const server = await startSntpResponder({
    host: "127.0.0.1",
    port: 0,
    now: () => Date.now() + 5_000,
  });
  try {
    let sentMs = NaN;
    const reading = await exchange({
      address: "127.0.0.1",
      port: server.port,
      signal: AbortSignal.timeout(5_000),
      payload: () => {
        sentMs = Date.now();
        return encodeRequest(99n);
      },
      judge: (bytes) => {
        const packet = decodePacket(bytes);
        assert(toUnixMs(packet.transmit) > sentMs);
        const elapsedMs = Date.now() - sentMs;
        return readReply(packet, { nonce: 99n, sentMs, elapsedMs });
      },
    });
    assert(Math.abs(reading.offsetMs - 5_000) < 500, `${reading.offsetMs}`);
  } finally {
    await server.close();
  }
});

Deno.test("exchange: strays are waited past, refusals end it", async () => {
  const server = await startSntpResponder({ host: "127.0.0.1", port: 0 });
  try {
    const ask = (judge: (bytes: Uint8Array) => number | undefined) =>
      exchange({
        address: "127.0.0.1",
        port: server.port,
        signal: AbortSignal.timeout(300),
        payload: () => encodeRequest(1n),
        judge,
      });
    await assertRejects(
      () => ask(() => undefined),
      DOMException,
      "timeout",
    );
    await assertRejects(
      () =>
        ask(() => {
          throw new NtpError({ kind: "origin" });
        }),
      NtpError,
    );
    assertEquals(await ask((bytes) => bytes.length), 48);
  } finally {
    await server.close();
  }
});
