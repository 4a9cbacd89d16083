/** proto/gen is what `deno task proto` writes from the .proto files. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { run } from "#tests/cluster.ts";

Deno.test("proto/gen is current", async () => {
  const generator = new URL("../../proto/generate.ts", import.meta.url);
  const { code, stdout, stderr } = await run([
    Deno.execPath(),
    "run",
    "--quiet",
    "-A",
    fileURLToPath(generator),
    "--check",
  ]);
  assertEquals([code, stdout, stderr], [0, "", ""]);
});
