/** Random damage and random text: nothing is thrown, nothing is lost. */
import { assert, assertEquals } from "@std/assert";
import { threadMs } from "#tests/thread_time.ts";
import { decode } from "./load.ts";
import { CONTROL_PLANE, fullSample } from "./sample_configs.ts";
import { encode } from "./save.ts";
import { decodeTalosconfig } from "./talosconfig.ts";
import { ConfigError } from "./problem.ts";
import { MACHINE_CONFIG, type MachineConfig } from "./v1alpha1/types.ts";
import { check } from "./validate.ts";

/** A fixed sequence (mulberry32), so that a failure can be repeated. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const PIECES = [
  ":",
  "-",
  "[",
  "]",
  "{",
  "}",
  ",",
  "#",
  "&a ",
  "*a",
  "!",
  "!!map ",
  "|",
  ">",
  "'",
  '"',
  "%",
  "@",
  "`",
  "?",
  "\t",
  "\n",
  "  ",
  "---\n",
  "...\n",
  "<<: *a",
  "null",
  "~",
  "\\",
  "\u{1f600}",
  "\ud800",
  "__proto__: ",
  "0o9",
  "\r",
];

const ROUNDS = 150;
const SLOWEST_MS = 1_000;

Deno.test("fuzz: a damaged config is decoded and checked without a throw", () => {
  const random = sequence(7);
  const whole = encode(fullSample(MACHINE_CONFIG) as MachineConfig);
  for (let round = 0; round < ROUNDS; round++) {
    let text = whole;
    for (let damage = 0; damage <= random(4); damage++) {
      const at = random(text.length);
      const piece = PIECES[random(PIECES.length)]!;
      text = text.slice(0, at) + piece + text.slice(at + random(20));
    }
    const started = threadMs();
    const { problems } = check(text, "metal");
    const tookMs = threadMs() - started;
    assert(tookMs < SLOWEST_MS, `round ${round} took ${tookMs} ms`);
    for (const { line, message } of problems) {
      assert(line <= text.split(/\r\n?|\n/).length, `line ${line}: ${message}`);
    }
    try {
      decodeTalosconfig(text);
    } catch (thrown) {
      assert(thrown instanceof ConfigError, `round ${round}: ${thrown}`);
    }
  }
});

Deno.test("fuzz: any text survives as a value, an item and a key", () => {
  const random = sequence(11);
  const letters = [
    ...PIECES,
    "a",
    "7",
    ".",
    "yes",
    "0x1f",
    "1:30",
    "2001-01-01",
    "=",
    " ",
    "\u0085",
    "\ufeff",
    "\u2028",
    "\x07",
  ];
  for (let round = 0; round < ROUNDS; round++) {
    let text = "";
    for (let n = random(6); n >= 0; n--) {
      text += letters[random(letters.length)];
    }
    text = text.toWellFormed();
    if (text === "__proto__: ") continue;
    const config = {
      ...CONTROL_PLANE,
      machine: {
        ...CONTROL_PLANE.machine,
        token: text,
        certSANs: [text, "x"],
        sysctls: { [text]: text, last: "x" },
        files: [{ content: text, path: text }, { content: `${text}\n` }],
      },
    } as unknown as MachineConfig;
    for (const comments of [false, true]) {
      const decoded = decode(encode(config, { comments }));
      assertEquals(decoded.problems, [], JSON.stringify(text));
      assertEquals(decoded.config, config, JSON.stringify(text));
    }
  }
});
