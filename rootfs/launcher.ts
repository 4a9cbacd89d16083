/**
 * `_out/bin/talosctl`: an executable that works from any folder, with the
 * pinned runtime and the pinned runc beside it.
 */
import { join } from "@std/path";
import type { Part } from "./components/cache.ts";
import type { PartName } from "./components/parts.ts";

const LAUNCHER = `#!/bin/sh
# The CLI with the runtime that it was bundled for.
out=$(dirname "$(dirname "$(readlink -f "$0")")")
export TALOS_OUT="$out" DENO_NO_UPDATE_CHECK=1
exec "$out/lib/deno" run --quiet --no-config --no-lock --no-remote --no-npm \\
  --no-prompt --allow-all "$out/lib/talosctl.js" "$@"
`;

/** Replaces `to` in one step; a running program keeps the old file. */
async function place(to: string, write: (path: string) => Promise<void>) {
  const temporary = `${to}.new`;
  await Deno.remove(temporary).catch(() => {});
  await write(temporary);
  await Deno.rename(temporary, to);
  // Renaming one link of a file onto another does nothing at all.
  await Deno.remove(temporary).catch(() => {});
}

/** A hard link where the cache is on the same file system, else a copy. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await Deno.link(from, to).catch(() => Deno.copyFile(from, to));
}

/** Writes the launcher and what it runs below `out`. */
export async function installTalosctl(
  out: string,
  { bundle, wasm, parts }: {
    bundle: string;
    wasm: string;
    parts: Record<PartName, Part>;
  },
): Promise<void> {
  const [bin, lib] = [join(out, "bin"), join(out, "lib")];
  // Where core-wasm/load.ts looks from inside a bundle.
  const build = join(lib, "build");
  await Deno.mkdir(bin, { recursive: true });
  await Deno.mkdir(build, { recursive: true });
  await place(
    join(lib, "deno"),
    (to) => linkOrCopy(join(parts.deno.dir, "deno"), to),
  );
  await place(
    join(lib, "runc"),
    (to) => linkOrCopy(join(parts.runc.dir, "runc"), to),
  );
  await place(join(build, "core.wasm"), (to) => Deno.copyFile(wasm, to));
  await place(join(lib, "talosctl.js"), (to) => Deno.copyFile(bundle, to));
  await place(join(bin, "talosctl"), async (to) => {
    await Deno.writeTextFile(to, LAUNCHER);
    await Deno.chmod(to, 0o755);
  });
}
