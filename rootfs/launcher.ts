/**
 * `_out/bin/talosctl`: an executable that works from any folder, with the
 * pinned runtime and the pinned runc beside it.
 */
import { join } from "@std/path";
import type { Part } from "./components/cache.ts";
import type { PartName } from "./components/parts.ts";
import { linkOrCopy, place } from "./place.ts";

const LAUNCHER = `#!/bin/sh
# The CLI with the runtime that it was bundled for.
out=$(dirname "$(dirname "$(readlink -f "$0")")")
export TALOS_OUT="$out" DENO_NO_UPDATE_CHECK=1
exec "$out/lib/deno" run --quiet --no-config --no-lock --no-remote --no-npm \\
  --no-prompt --allow-all "$out/lib/talosctl.js" "$@"
`;

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
