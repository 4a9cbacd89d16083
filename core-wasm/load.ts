/** The edge: where the bytes of core.wasm come from. */

/** Beside this file; of a bundle, beside the bundle. */
const BESIDE = new URL("./build/core.wasm", import.meta.url);

/** The bytes of core.wasm: a file in Deno and Node, fetched in a browser. */
export async function readCore(
  from: URL = BESIDE,
): Promise<Uint8Array<ArrayBuffer>> {
  if (from.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return await readFile(from) as Uint8Array<ArrayBuffer>;
  }
  const response = await fetch(from);
  if (!response.ok) {
    throw new Error(`Cannot load "${from.href}": ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}
