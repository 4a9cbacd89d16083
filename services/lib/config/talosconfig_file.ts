/** The talosconfig on disk: read whole, written atomically, for its owner. */
import { dirname } from "@std/path";
import { replaceFile } from "../replace_file.ts";
import {
  decodeTalosconfig,
  EMPTY_TALOSCONFIG,
  encodeTalosconfig,
  type Talosconfig,
} from "./talosconfig.ts";
import { ConfigError } from "./problem.ts";
import { LIMITS } from "./yaml/source.ts";

/**
 * Reads `path`; a file that is missing is an empty config.
 *
 * @throws {ConfigError} when it is not a talosconfig.
 */
export async function loadTalosconfig(path: string): Promise<Talosconfig> {
  let bytes: Uint8Array;
  try {
    const { size } = await Deno.stat(path);
    if (size > LIMITS.bytes) {
      throw new ConfigError(path, [{
        path: "",
        line: 0,
        column: 0,
        message: `larger than the limit of ${LIMITS.bytes} bytes`,
      }]);
    }
    bytes = await Deno.readFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return EMPTY_TALOSCONFIG;
    throw thrown;
  }
  return decodeTalosconfig(bytes, path);
}

/** Writes `path` (0600, its directory 0700) so that a crash loses nothing. */
export async function saveTalosconfig(
  path: string,
  config: Talosconfig,
): Promise<void> {
  // A link stays a link: its target is what is replaced.
  const target = await Deno.realPath(path).catch(() => path);
  const folder = dirname(target);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  await replaceFile(target, encodeTalosconfig(config), {
    mode: 0o600,
    shared: true,
    durable: true,
  });
}
