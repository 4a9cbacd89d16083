/**
 * `deno task bench [-- NAME...]`: runs the groups that are named, or all, and
 * prints one JSON line a figure.
 */
import type { Figure } from "./figure.ts";

/** A group prints its figures as they come. */
export type Group = (print: (figure: Figure) => void) => Promise<void>;

/** Loaded when it is asked for. */
const GROUPS: Readonly<Record<string, () => Promise<{ run: Group }>>> = {
  "core-wasm": () => import("./core_wasm.ts"),
  "core-wasm-squashfs": () => import("./squashfs.ts"),
  gateway: () => import("./gateway.ts"),
  node: () => import("./node.ts"),
};

const encoder = new TextEncoder();

function print(figure: Figure): void {
  Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(figure)}\n`));
}

if (import.meta.main) {
  const names = Deno.args.filter((name) => name !== "--");
  const chosen = names.length > 0 ? names : Object.keys(GROUPS);
  for (const name of chosen) {
    const load = GROUPS[name];
    if (!load) {
      throw new Error(
        `no group "${name}"; there are: ${Object.keys(GROUPS).join(", ")}`,
      );
    }
    const { run } = await load();
    await run(print);
  }
  Deno.exit(0);
}
