/** build/core.wasm is what its digest says, of the sources that are here. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { COMPILER } from "./build.ts";
import { CORE_DIR, sha256Hex, sourcesDigest } from "./digest.ts";

Deno.test("core.wasm is of these sources; else: deno task wasm", async () => {
  const at = (name: string) => join(CORE_DIR, "build", name);
  assertEquals(JSON.parse(await Deno.readTextFile(at("core.json"))), {
    sources: sourcesDigest(COMPILER),
    wasm: sha256Hex(await Deno.readFile(at("core.wasm"))),
  });
});

Deno.test("core.wasm imports nothing, and its memory has a limit", async () => {
  const wasm = await Deno.readFile(join(CORE_DIR, "build", "core.wasm"));
  const module = new WebAssembly.Module(wasm);
  assertEquals(WebAssembly.Module.imports(module), []);
  const { memory } = new WebAssembly.Instance(module).exports;
  const { buffer } = memory as WebAssembly.Memory;
  assertEquals(buffer.byteLength <= 4 << 20, true);
  assertThrowsOnGrow(memory as WebAssembly.Memory);
});

/** Growing past 64 MiB is not possible. */
function assertThrowsOnGrow(memory: WebAssembly.Memory): void {
  let thrown = false;
  try {
    memory.grow(1024);
  } catch {
    thrown = true;
  }
  assertEquals(thrown, true);
}
