/**
 * `deno task image`: writes `_out/rootfs.sqsh` and `_out/bin/talosctl` from
 * contents.ts. Does nothing when nothing changed.
 */
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { chainOf } from "#lib/errors.ts";
import { exists } from "./exists.ts";
import { buildInfo, bundleEntry, sourcesDigest } from "./bundle.ts";
import { digestOf, type Part, provide } from "./components/cache.ts";
import { provideAll } from "./components/mod.ts";
import type { PartName } from "./components/parts.ts";
import { say } from "./components/progress.ts";
import { BUILD_TOOLS, ensureTools } from "./components/tools.ts";
import { BASE, OVERLAY } from "./contents.ts";
import { checkEntries, type Entry } from "./entries.ts";
import { installTalosctl } from "./launcher.ts";
import { appendImage, COMPRESSION, createImage } from "./squash.ts";
import { type Sources, stage } from "./stage.ts";
import { type Line, lineOf, renderTable } from "./table.ts";

/** The top of the checkout. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The limit, so that nobody grows the image unseen. */
const IMAGE_BYTES_MAX = 80_000_000;

/** What `_out/rootfs.json` keeps of the last build. */
interface BuildRecord {
  readonly inputs: string;
  readonly sizeBytes: number;
  readonly lines: readonly Line[];
}

const TALOSCTL = "services/talosctl/main.ts";

type Parts = Record<PartName, Part>;

/** Bundles everything that the list names; returns where each bundle is. */
export async function bundleAll(
  entries: readonly Entry[],
  into: string,
): Promise<Map<string, string>> {
  const wanted = entries.flatMap((entry) =>
    entry.kind === "file" && "bundle" in entry.source
      ? [entry.source.bundle]
      : []
  );
  const bundles = new Map<string, string>();
  const queue = [...wanted, TALOSCTL];
  for (const entry of queue) {
    bundles.set(entry, join(into, `${entry.replaceAll("/", "_")}.js`));
  }
  const info = await buildInfo(ROOT);
  const next = async () => {
    const entry = queue.shift();
    if (entry === undefined) return false;
    const output = bundles.get(entry)!;
    await bundleEntry(entry, { root: ROOT, output, info });
    return true;
  };
  const rest = async () => {
    while (await next());
  };
  // The first one alone: on a fresh machine it installs esbuild, and two at
  // once would trip over each other.
  await next();
  await Promise.all([rest(), rest()]);
  return bundles;
}

/** The compressed base, from the cache or built now; and its table. */
async function provideBase(parts: Parts): Promise<string> {
  const digests = Object.values(parts).map((part) => part.digest).sort();
  const part = await provide({
    name: "base",
    what: "compressed",
    inputs: { entries: BASE, digests, compression: COMPRESSION },
    async build(into) {
      const tree = join(into, "tree");
      await Deno.mkdir(tree);
      const sources = { parts, bundle: () => "" };
      const staged = await stage(BASE, tree, sources);
      await Deno.writeTextFile(
        join(into, "lines.json"),
        JSON.stringify(staged.map(lineOf)),
      );
      await createImage(join(into, "base.sqsh"), tree);
      await Deno.remove(tree, { recursive: true });
    },
  });
  return part.dir;
}

/** Builds the image file `output`; the same inputs give the same bytes. */
export async function buildImage(
  output: string,
  parts: Parts,
  options: {
    overlay: readonly Entry[];
    bundles: ReadonlyMap<string, string>;
  },
): Promise<Line[]> {
  const { overlay, bundles } = options;
  const base = await provideBase(parts);
  const work = await Deno.makeTempDir({
    dir: dirname(output),
    prefix: ".image-",
  });
  try {
    const tree = join(work, "tree");
    await Deno.mkdir(tree);
    const sources: Sources = { parts, bundle: (entry) => bundles.get(entry)! };
    const staged = await stage(overlay, tree, sources);
    const image = join(work, "rootfs.sqsh");
    await Deno.copyFile(join(base, "base.sqsh"), image);
    await appendImage(image, tree);
    // Nodes that run from the old image keep it: it has no name any more.
    await Deno.rename(image, output);
    const lines = JSON.parse(await Deno.readTextFile(join(base, "lines.json")));
    return [...lines as Line[], ...staged.map(lineOf)];
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function readRecord(path: string): Promise<BuildRecord | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch {
    return undefined;
  }
}

/** Makes `_out/` current; returns the table of contents. */
export async function build(root = ROOT): Promise<BuildRecord> {
  const out = join(root, "_out");
  const image = join(out, "rootfs.sqsh");
  await Deno.mkdir(out, { recursive: true });
  using lock = await Deno.open(join(out, ".lock"), {
    create: true,
    write: true,
  });
  await lock.lock(true);
  const problems = checkEntries([...BASE, ...OVERLAY]);
  if (problems.length > 0) throw new Error(problems.join("; "));
  const parts = await provideAll();
  const digests = Object.values(parts).map((part) => part.digest);
  const inputs = digestOf([
    digests,
    COMPRESSION,
    await sourcesDigest(root),
    await buildInfo(root),
  ]);
  const before = await readRecord(join(out, "rootfs.json"));
  if (before?.inputs === inputs && await exists(image)) return before;
  const started = performance.now();
  const work = await Deno.makeTempDir({ dir: out, prefix: ".bundles-" });
  try {
    const bundles = await bundleAll(OVERLAY, work);
    const lines = await buildImage(image, parts, { overlay: OVERLAY, bundles });
    await installTalosctl(out, bundles.get(TALOSCTL)!, parts);
    const { size: sizeBytes } = await Deno.stat(image);
    const record = { inputs, sizeBytes, lines };
    await Deno.writeTextFile(join(out, "rootfs.json"), JSON.stringify(record));
    const seconds = (performance.now() - started) / 1000;
    say(`image        bundles and overlay, ${seconds.toFixed(1)} s`);
    return record;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    await ensureTools(BUILD_TOOLS);
    const record = await build();
    Deno.stdout.writeSync(new TextEncoder().encode(
      renderTable(record.lines, record.sizeBytes),
    ));
    if (record.sizeBytes > IMAGE_BYTES_MAX) {
      say(`The image is larger than ${IMAGE_BYTES_MAX} bytes`);
      Deno.exit(1);
    }
  } catch (thrown) {
    say(chainOf(thrown));
    Deno.exit(1);
  }
}
