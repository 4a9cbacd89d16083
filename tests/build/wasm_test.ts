/** core-wasm/build is what `deno task wasm` writes from the sources. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { run } from "#tests/cluster.ts";

Deno.test("core-wasm/build is current, to the byte", async () => {
  const build = new URL("../../core-wasm/build.ts", import.meta.url);
  const { code, stdout, stderr } = await run([
    Deno.execPath(),
    "run",
    "--quiet",
    "-A",
    fileURLToPath(build),
    "--check",
  ]);
  assertEquals([code, stdout, stderr], [0, "", ""]);
});
