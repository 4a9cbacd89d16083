/** The loop against pretend servers, a pretend kernel and a pretend clock. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Clock } from "#lib/clock.ts";
import { createLogger } from "#lib/log.ts";
import type { Exchange } from "#lib/net/datagram.ts";
import {
  decodePacket,
  encodePacket,
  fromUnixMs,
  NtpError,
  type NtpPacket,
} from "#lib/net/ntp.ts";
import { FakeSys } from "#lib/sys/fake.ts";
import { Timed } from "./timed.ts";

const T = 1_795_435_200_000;

/** What a pretend server does with a request. */
type Server = (
  request: NtpPacket,
  nowMs: number,
) => (Partial<NtpPacket> | Uint8Array)[] | "silent";

/** Honest, `aheadMs` before us. */
const ahead = (aheadMs: number): Server => (_, nowMs) => [{
  receive: fromUnixMs(nowMs + aheadMs),
  transmit: fromUnixMs(nowMs + aheadMs),
}];
const kiss = (letters: number): Server => () => [{
  stratum: 0,
  referenceId: letters,
}];

/** A world: time moves only by sleeping, and stops after `sleepsMax`. */
class World {
  nowMs = T;
  monotonicMs = 0;
  readonly sleeps: number[] = [];
  readonly asked: string[] = [];
  readonly lines: string[] = [];
  readonly sys = new FakeSys();
  readonly stop = new AbortController();
  readonly servers: Record<string, Server>;
  readonly sleepsMax: number;
  onSleep: (count: number) => void = () => {};
  nonce = 41n;

  constructor(servers: Record<string, Server>, sleepsMax = 1) {
    this.servers = servers;
    this.sleepsMax = sleepsMax;
    this.sys.setTime = (unixNs) => {
      this.sys.unixNs = unixNs;
      this.nowMs = Number(unixNs) / 1e6;
    };
  }

  readonly clock: Clock = {
    now: () => this.nowMs,
    monotonic: () => this.monotonicMs,
    sleep: (ms) => {
      this.sleeps.push(Math.round(ms));
      this.nowMs += ms;
      this.monotonicMs += ms;
      this.onSleep(this.sleeps.length);
      if (this.sleeps.length >= this.sleepsMax) this.stop.abort();
      return Promise.resolve();
    },
  };

  readonly exchange: Exchange = async (question) => {
    await Promise.resolve();
    this.asked.push(question.address);
    const request = decodePacket(question.payload());
    const answers = this.servers[question.address]!(request, this.nowMs);
    if (answers === "silent") {
      throw new DOMException("Signal timed out.", "TimeoutError");
    }
    for (const answer of answers) {
      const bytes = answer instanceof Uint8Array ? answer : encodePacket({
        leap: 0,
        version: 4,
        mode: 4,
        stratum: 2,
        poll: 6,
        precision: -20,
        rootDelayMs: 0,
        rootDispersionMs: 0,
        referenceId: 0,
        reference: 1n,
        origin: request.transmit,
        receive: 1n,
        transmit: 1n,
        ...answer,
      });
      const judged = question.judge(bytes);
      if (judged !== undefined) return judged;
    }
    throw new DOMException("Signal timed out.", "TimeoutError");
  };

  timed(options: { owned?: boolean; servers?: string[] } = {}): Timed {
    const { owned = true, servers = Object.keys(this.servers) } = options;
    return new Timed({ servers }, {
      clock: this.clock,
      exchange: this.exchange,
      resolve: (name) => Promise.resolve([name]),
      log: createLogger((line) => this.lines.push(line), { now: () => T }),
      nonce: () => ++this.nonce,
      random: () => 0.5,
      ...(owned ? { sys: this.sys } : {}),
    });
  }

  async run(timed: Timed): Promise<void> {
    await timed.run(this.stop.signal);
  }
}

Deno.test("timed: a wrong clock is stepped once, then slewed and left longer", async () => {
  const world = new World({ a: ahead(90_000) }, 3);
  const timed = world.timed();
  // After the step the server is no longer ahead.
  world.onSleep = () => world.servers.a = ahead(2);
  await world.run(timed);
  assertEquals(world.sys.unixNs, BigInt(T + 90_000) * 1_000_000n);
  assertEquals(
    world.sys.adjustments.map((a) => Math.round(a.offsetNs! / 1000)),
    [0, 2000, 2000],
  );
  assertEquals(world.sys.adjustments[0]!.status, 1);
  assertEquals(world.sleeps, [64_000, 128_000, 256_000]);
  assert(timed.synced);
});

Deno.test("timed: one spike after the first sync moves nothing", async () => {
  const world = new World({ a: ahead(1) }, 3);
  const timed = world.timed();
  world.onSleep = (n) => world.servers.a = ahead(n === 1 ? 5_000 : 1);
  await world.run(timed);
  assertEquals(world.sys.unixNs, 0n);
  assertEquals(world.sleeps, [128_000, 2_000, 128_000]);
});

Deno.test("timed: in a container it reads and never sets", async () => {
  const world = new World({ a: ahead(90_000) }, 2);
  const timed = world.timed({ owned: false });
  await world.run(timed);
  assertEquals(world.sys.calls, []);
  assertEquals(world.sys.adjustments, []);
  assert(timed.synced);
});

Deno.test("timed: servers in their order, and back-off when none answers", async () => {
  const silent: Server = () => "silent";
  const world = new World({ a: silent, b: silent }, 4);
  await world.run(world.timed());
  assertEquals(world.asked, ["a", "b", "a", "b", "a", "b", "a", "b"]);
  assertEquals(world.sleeps, [1_000, 2_000, 4_000, 8_000]);
  const reason = "Cannot read the time: no time server answers (a, b): " +
    "no reply within 5000 ms";
  assertEquals(
    world.lines.filter((line) => line.endsWith(reason)).length,
    4,
    world.lines.join("\n"),
  );
});

Deno.test("timed: strays before the answer are waited past", async () => {
  const world = new World({
    a: (request, nowMs) => [
      new Uint8Array(3),
      { origin: 5n, stratum: 0, referenceId: 0x44454e59 },
      ...ahead(10)(request, nowMs) as Partial<NtpPacket>[],
    ],
  });
  const answer = await world.timed().query("a", world.stop.signal);
  assert(Math.abs(answer.offsetMs - 10) < 0.01);
  assert(Math.abs(answer.remoteMs - T - 10) < 0.01);
  assertEquals(answer.localMs, T);
  assertEquals(answer.server, "a");
});

Deno.test("timed: who says DENY is not asked again, who says RATE later", async () => {
  const world = new World({
    deny: kiss(0x44454e59),
    rate: kiss(0x52415445),
    good: ahead(1),
  }, 6);
  const timed = world.timed();
  await world.run(timed);
  // Polls at 0, 128, 384, 896, 1920 and 2944 s; RATE's pause is 1024 s.
  assertEquals(world.asked, [
    "deny",
    "rate",
    "good",
    "good",
    "good",
    "good",
    "rate",
    "good",
    "rate",
    "good",
  ]);
});

Deno.test("timed: a new config is asked at once and forgives", async () => {
  const world = new World({ a: kiss(0x44454e59), b: ahead(1) }, 3);
  const timed = world.timed({ servers: ["a"] });
  world.onSleep = (n) => {
    if (n === 1) timed.configure(["b", "a"]);
    if (n === 2) timed.configure(["a"]);
  };
  await world.run(timed);
  assertEquals(world.asked, ["a", "b", "a"]);
});

Deno.test("timed: a question by the API", async (t) => {
  const world = new World({ a: () => "silent", b: kiss(0x52415445) });
  const timed = world.timed({ servers: ["a"] });
  await t.step("says why it has no answer", async () => {
    const refused = await assertRejects(
      () => timed.query("a", world.stop.signal),
      NtpError,
    );
    assertEquals(refused.problem, { kind: "timeout", timeoutMs: 5_000 });
  });
  await t.step("of a server outside the config remembers nothing", async () => {
    for (let n = 0; n < 3; n++) {
      await assertRejects(
        () => timed.query("b", world.stop.signal),
        NtpError,
        "RATE",
      );
    }
    assertEquals(world.asked.filter((name) => name === "b").length, 3);
  });
  await t.step("ends with its caller", async () => {
    const gone = AbortSignal.abort(new Error("gone"));
    await assertRejects(() => timed.query("a", gone), Error, "gone");
  });
});
