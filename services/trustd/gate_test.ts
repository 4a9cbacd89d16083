/** The token and the limits. */
import { assertEquals, assertThrows } from "@std/assert";
import { Gate, PEER_RATE, RateError, TOTAL_RATE } from "./gate.ts";

const TOKEN = "abcdef.0123456789abcdef";

function gateAt(clock: { ms: number }, token = TOKEN): Gate {
  const gate = new Gate({ monotonic: () => clock.ms });
  gate.setToken(token);
  return gate;
}

Deno.test("one right token opens, everything else is Unauthenticated", async (t) => {
  const cases: [string, string[], boolean][] = [
    ["the token", [TOKEN], true],
    ["another", ["abcdef.0123456789abcdeg"], false],
    ["shorter", [TOKEN.slice(0, -1)], false],
    ["longer", [`${TOKEN}x`], false],
    ["none", [], false],
    ["empty", [""], false],
    ["twice", [TOKEN, TOKEN], false],
    ["long", ["x".repeat(100_000)], false],
  ];
  for (const [name, tokens, open] of cases) {
    await t.step(name, () => {
      const gate = gateAt({ ms: 0 });
      if (open) gate.check("10.5.0.3", tokens);
      else {
        const error = assertThrows(() => gate.check("10.5.0.3", tokens));
        assertEquals((error as Error).message, "Unauthenticated");
      }
    });
  }
});

Deno.test("a node without a token lets nobody in", () => {
  const gate = gateAt({ ms: 0 }, "");
  for (const tokens of [[""], [], ["\0".repeat(32)]]) {
    assertThrows(
      () => gate.check("10.5.0.3", tokens),
      Error,
      "Unauthenticated",
    );
  }
});

Deno.test("an address has so many calls, and others are not its victims", () => {
  const clock = { ms: 0 };
  const gate = gateAt(clock);
  const call = (peer: string) => gate.check(peer, [TOKEN]);
  for (let n = 0; n < PEER_RATE.burst; n++) call("10.5.0.3");
  assertThrows(() => call("10.5.0.3"), RateError);
  call("10.5.0.4");
  clock.ms += 1000 / PEER_RATE.perSecond;
  call("10.5.0.3");
  assertThrows(() => call("10.5.0.3"), RateError);
});

Deno.test("all addresses together have so many calls", () => {
  const clock = { ms: 0 };
  const gate = gateAt(clock);
  for (let n = 0; n < TOTAL_RATE.burst; n++) gate.check(`a${n}`, [TOKEN]);
  assertThrows(() => gate.check("b", [TOKEN]), RateError);
  clock.ms += 1000;
  gate.check("b", [TOKEN]);
});

Deno.test("a flood of addresses does not grow memory", () => {
  const clock = { ms: 0 };
  const gate = gateAt(clock);
  for (let n = 0; n < 100_000; n++) {
    clock.ms += 50;
    const [high, low] = [n >> 16, n & 0xffff].map((part) => part.toString(16));
    gate.check(`fd00:${high}:${low}::1`, [TOKEN]);
  }
});

Deno.test("an IPv6 network is one peer, however many addresses it has", () => {
  const gate = gateAt({ ms: 0 });
  for (let n = 0; n < PEER_RATE.burst; n++) {
    gate.check(`fd00:0:0:1::${n.toString(16)}`, [TOKEN]);
  }
  assertThrows(() => gate.check("fd00:0:0:1::ffff", [TOKEN]), RateError);
  gate.check("fd00:0:0:2::1", [TOKEN]);
});
