/** Bytes, arithmetic and suspicion of NTP. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  decodePacket,
  encodePacket,
  encodeRequest,
  fromUnixMs,
  NtpError,
  type NtpPacket,
  readReply,
  toUnixMs,
} from "./ntp.ts";

const NONCE = 0x0123_4567_89ab_cdefn;
/** 2026-11-23T12:00:00Z. */
const T = 1_795_435_200_000;

/** A good reply: the server is 1000 ms ahead, 20 ms each way, held for 5 ms. */
function reply(change: Partial<NtpPacket> = {}): NtpPacket {
  return {
    leap: 0,
    version: 4,
    mode: 4,
    stratum: 2,
    poll: 6,
    precision: -23,
    rootDelayMs: 15.625,
    rootDispersionMs: 31.25,
    referenceId: 0xc0000201,
    reference: fromUnixMs(T - 10_000),
    origin: NONCE,
    receive: fromUnixMs(T + 1020),
    transmit: fromUnixMs(T + 1025),
    ...change,
  };
}

const TRIP = { nonce: NONCE, sentMs: T, elapsedMs: 45 };

Deno.test("ntp: a request shows nothing but its nonce", () => {
  assertEquals(
    encodeRequest(NONCE).toHex(),
    "23" + "00".repeat(39) + "0123456789abcdef",
  );
});

Deno.test("ntp: a packet from bytes and back", () => {
  // From a public stratum-1 server, shortened to the header.
  const bytes = Uint8Array.fromHex(
    "240106e9" + "00000000" + "00000021" + "47505300" +
      "ecca1a45b0000000" + "0123456789abcdef" +
      "ecca1a4740000000" + "ecca1a4740010000",
  );
  const packet = decodePacket(bytes);
  assertEquals(packet, {
    leap: 0,
    version: 4,
    mode: 4,
    stratum: 1,
    poll: 6,
    precision: -23,
    rootDelayMs: 0,
    rootDispersionMs: 33 / 65.536,
    referenceId: 0x47505300,
    reference: 0xecca1a45b0000000n,
    origin: NONCE,
    receive: 0xecca1a4740000000n,
    transmit: 0xecca1a4740010000n,
  });
  assertEquals(encodePacket(packet).toHex(), bytes.toHex());
});

Deno.test("ntp: timestamps", async (t) => {
  const cases: [bigint, number][] = [
    [0x83aa7e80_00000000n, 0], // 1970
    [0x83aa7e80_80000000n, 500],
    [0xffffffff_00000000n, 2_085_978_495_000], // the last second of era 0
    [0x00000000_00000000n, 2_085_978_496_000], // the first of era 1
    [0x80000000_00000000n, -61_505_152_000], // 1968
  ];
  for (const [stamp, ms] of cases) {
    await t.step(`${stamp.toString(16)}`, () => {
      assertEquals(toUnixMs(stamp), ms);
      assertEquals(fromUnixMs(ms), stamp);
    });
  }
  await t.step("a microsecond survives", () => {
    const ms = T + 0.001;
    assert(Math.abs(toUnixMs(fromUnixMs(ms)) - ms) < 0.0005);
  });
});

Deno.test("ntp: offset and delay of RFC 4330", () => {
  const reading = readReply(reply(), TRIP);
  assert(Math.abs(reading.offsetMs - 1000) < 0.01, `${reading.offsetMs}`);
  assert(Math.abs(reading.delayMs - 40) < 0.01, `${reading.delayMs}`);
  assert(Math.abs(reading.errorMs - (20 + 7.8125 + 31.25)) < 0.01);
  assertEquals(reading.stratum, 2);
});

Deno.test("ntp: hostile and useless replies are refused", async (t) => {
  const cases: [string, Partial<NtpPacket>, string][] = [
    ["an echo of our request", { mode: 3 }, "mode"],
    ["symmetric", { mode: 1 }, "mode"],
    ["broadcast", { mode: 5 }, "mode"],
    ["guessed origin", { origin: NONCE ^ 1n }, "origin"],
    ["zero origin", { origin: 0n }, "origin"],
    // Sent by somebody who cannot see us: must not even silence us.
    [
      "blind kiss",
      { origin: 1n, stratum: 0, referenceId: 0x44454e59 },
      "origin",
    ],
    ["kiss", { stratum: 0, referenceId: 0x52415445 }, "kiss"],
    ["old version", { version: 2 }, "version"],
    ["future version", { version: 7 }, "version"],
    ["leap alarm", { leap: 3 }, "unsynchronised"],
    ["stratum 16", { stratum: 16 }, "unsynchronised"],
    ["stratum 255", { stratum: 255 }, "unsynchronised"],
    ["no receive time", { receive: 0n }, "timestamps"],
    ["no transmit time", { transmit: 0n }, "timestamps"],
    [
      "sent before received",
      { receive: fromUnixMs(T + 1100), transmit: fromUnixMs(T + 1000) },
      "timestamps",
    ],
    [
      "held longer than we waited",
      { receive: fromUnixMs(T), transmit: fromUnixMs(T + 60_000) },
      "delay",
    ],
    ["far from a reference", { rootDispersionMs: 5_001 }, "rootDistance"],
    ["negative root delay", { rootDelayMs: -20_000 }, "rootDistance"],
  ];
  for (const [name, change, kind] of cases) {
    await t.step(name, () => {
      const refused = assertThrows(
        () => readReply(reply(change), TRIP),
        NtpError,
      );
      assertEquals(refused.problem.kind, kind);
    });
  }
  await t.step("the code of a kiss", () => {
    const refused = assertThrows(
      () => readReply(reply({ stratum: 0, referenceId: 0x52415445 }), TRIP),
      NtpError,
    );
    assertEquals(refused.problem, { kind: "kiss", code: "RATE" });
  });
  await t.step("a code that would forge log lines", () => {
    const refused = assertThrows(
      () => readReply(reply({ stratum: 0, referenceId: 0x0a1b5b32 }), TRIP),
      NtpError,
    );
    assertEquals(refused.problem, { kind: "kiss", code: "?" });
  });
});

Deno.test("ntp: short datagrams are refused, whatever their length", () => {
  for (let length = 0; length < 48; length++) {
    const refused = assertThrows(
      () => decodePacket(new Uint8Array(length)),
      NtpError,
    );
    assertEquals(refused.problem, { kind: "short", bytes: length });
  }
});

Deno.test("ntp: no bytes make a reply that lies outside its own bounds", () => {
  // A seeded xorshift: the same bytes in every run.
  let state = 0x9e3779b9;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  };
  let accepted = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = encodePacket(reply());
    for (let n = 0; n < 3; n++) bytes[random() % 48] = random();
    new DataView(bytes.buffer).setBigUint64(24, NONCE);
    try {
      const reading = readReply(decodePacket(bytes), TRIP);
      accepted++;
      assert(Number.isFinite(reading.offsetMs) && reading.delayMs >= 0);
      assert(reading.delayMs <= TRIP.elapsedMs + 20);
      assert(reading.stratum >= 1 && reading.stratum <= 15);
    } catch (thrown) {
      assert(thrown instanceof NtpError, `${thrown}`);
    }
  }
  assert(accepted > 0 && accepted < 20_000);
});
