/**
 * `deno task wasm`: compiles assembly/ with asc to build/core.wasm, and writes
 * build/core.json beside it. `--check` writes nothing and fails when either
 * differs from what would be written.
 */
import denoJson from "../deno.json" with { type: "json" };
import { join } from "@std/path";
import {
  ASC_FLAGS,
  CORE_DIR,
  type CoreDigest,
  sha256Hex,
  sourcesDigest,
} from "./digest.ts";

/** The pinned compiler, as the import map names it. */
export const COMPILER: string = denoJson.imports.assemblyscript;

/** Compiles to `output`; throws with what asc says, warnings too. */
async function compile(output: string): Promise<void> {
  const entry = join("assembly", "index.ts");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "-A", `${COMPILER}/asc`],
      ...[entry, "-o", output, ...ASC_FLAGS],
    ],
    cwd: CORE_DIR,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  if (!success || /\b(ERROR|WARNING) [A-Z]/.test(said)) {
    throw new Error(`Cannot compile "${entry}": ${said}`);
  }
}

async function main(args: string[]): Promise<number> {
  const check = args.includes("--check");
  const dir = await Deno.makeTempDir();
  try {
    const built = join(dir, "core.wasm");
    await compile(built);
    const wasm = await Deno.readFile(built);
    const digest: CoreDigest = {
      sources: sourcesDigest(COMPILER),
      wasm: sha256Hex(wasm),
    };
    const files = new Map([
      ["core.wasm", wasm],
      ["core.json", encode(`${JSON.stringify(digest, null, 2)}\n`)],
    ]);
    return await settle(files, check);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Writes what differs below build/, or with `check` only says so. */
async function settle(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  check: boolean,
): Promise<number> {
  let differing = 0;
  await Deno.mkdir(join(CORE_DIR, "build"), { recursive: true });
  for (const [name, bytes] of files) {
    const path = join(CORE_DIR, "build", name);
    const have = await Deno.readFile(path).catch(() => undefined);
    if (have && sha256Hex(have) === sha256Hex(bytes)) continue;
    differing++;
    if (!check) await Deno.writeFile(path, bytes);
    const line = `${check ? "differs" : "wrote"} ${name}, ${bytes.length} B\n`;
    await Deno.stdout.write(encode(line));
  }
  return check && differing > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
