/** The talosconfig on disk: read whole, written atomically, for its owner. */
import { readPrivateFile, writePrivateFile } from "../private_file.ts";
import {
  decodeTalosconfig,
  EMPTY_TALOSCONFIG,
  encodeTalosconfig,
  type Talosconfig,
} from "./talosconfig.ts";
import { LIMITS } from "./yaml/source.ts";

/**
 * Reads `path`; a file that is missing is an empty config.
 *
 * @throws {ConfigError} when it is not a talosconfig.
 */
export async function loadTalosconfig(path: string): Promise<Talosconfig> {
  const bytes = await readPrivateFile(path, LIMITS.bytes);
  return bytes ? decodeTalosconfig(bytes, path) : EMPTY_TALOSCONFIG;
}

/** Writes `path` (0600, its directory 0700) so that a crash loses nothing. */
export async function saveTalosconfig(
  path: string,
  config: Talosconfig,
): Promise<void> {
  await writePrivateFile(path, encodeTalosconfig(config));
}
