/** The guard in a process of its own: everything that would end it, does not. */
import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { installGuard } from "./guard.ts";

const DENO_JSON = fileURLToPath(
  new URL("../../deno.json", import.meta.url),
);
const GUARD = new URL("./guard.ts", import.meta.url).href;

/** Throws in every place where nobody waits, then says that it lives. */
const PROGRAM = `
import { installGuard } from ${JSON.stringify(GUARD)};
import { EventEmitter } from "node:events";
import { createServer, connect } from "node:net";
import process from "node:process";
installGuard(globalThis, (line) => console.log(line));
setTimeout(() => { throw new Error("timer"); }, 0);
Promise.reject(new Error("promise"));
queueMicrotask(() => { throw new Error("microtask"); });
process.nextTick(() => { throw new Error("tick"); });
setTimeout(() => new EventEmitter().emit("error", new Error("emitter")), 0);
// Nobody listens for the error of this socket.
connect({ path: "/nonexistent/socket" });
const target = new EventTarget();
target.addEventListener("x", () => { throw new Error("listener"); });
setTimeout(() => target.dispatchEvent(new Event("x")), 0);
// Deno itself prints this one; the guard does not see it.
createServer(() => { throw new Error("connection"); }).listen(0, function () {
  const server = this;
  const client = connect(server.address().port, "127.0.0.1");
  client.on("connect", () => setTimeout(() => {
    client.destroy();
    server.close();
    console.log("alive");
    Deno.exit(7);
  }, 100));
});
`;

Deno.test("nothing that is thrown where nobody waits ends the process", async () => {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, PROGRAM);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "-A", "--config", DENO_JSON, file],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(new TextDecoder().decode(stderr), "");
    for (
      const what of [
        "timer",
        "promise",
        "microtask",
        "tick",
        "emitter",
        "listener",
        "ENOENT",
      ]
    ) {
      assertMatch(text, new RegExp(`^un\\w+ \\w+: .*${what}`, "m"));
    }
    assertMatch(text, /^alive$/m);
    assertEquals(code, 7);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a flood of errors is told ten times a second", () => {
  const target = new EventTarget();
  const lines: string[] = [];
  let time = 0;
  installGuard(target, (line) => lines.push(line), () => time);
  const flood = () => {
    for (let i = 0; i < 100; i++) target.dispatchEvent(new Event("error"));
  };
  flood();
  assertEquals(lines.length, 10);
  time = 1000;
  flood();
  assertEquals(lines.length, 20);
});
