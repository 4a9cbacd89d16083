/**
 * `deno task image`: writes `_out/rootfs.sqsh`, what proves it (hash tree,
 * manifest, signature, public key) and `_out/bin/talosctl` from contents.ts.
 * Does nothing when nothing changed.
 */
import { dirname, join, relative } from "@std/path";
import { fileURLToPath } from "node:url";
import { chainOf } from "#lib/errors.ts";
import { imagePaths, PUBLIC_KEYS } from "#lib/image/files.ts";
import { openImage, verifyAll } from "#lib/image/signed_image.ts";
import { IMAGE_NAME } from "#lib/paths.ts";
import { replaceFile } from "#lib/replace_file.ts";
import { buildInfo, bundleEntry, sourcesDigest } from "./bundle.ts";
import { digestOf, type Part, provide } from "./components/cache.ts";
import { provideAll } from "./components/mod.ts";
import type { PartName } from "./components/parts.ts";
import { say } from "./components/progress.ts";
import { BUILD_TOOLS, ensureTools } from "./components/tools.ts";
import { BASE, CORE_WASM, OVERLAY, VERSION } from "./contents.ts";
import { checkEntries, type Entry } from "./entries.ts";
import { installTalosctl } from "./launcher.ts";
import { publish } from "./publish.ts";
import { signImage } from "./sign.ts";
import { provideSigningKey, type SigningKey } from "./signing_key.ts";
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
  /** The image and what proves it. */
  readonly files: readonly {
    readonly name: string;
    readonly sizeBytes: number;
  }[];
  /** In hexadecimal, as the manifest has them. */
  readonly keyId: string;
  readonly rootHash: string;
}

/** What {@linkcode buildImage} made. */
interface Built {
  readonly lines: readonly Line[];
  readonly rootHash: string;
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
      const sources = { parts, root: ROOT, bundle: () => "" };
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

/**
 * Builds the image file `output` and what proves it; the same inputs, the key
 * among them, give the same bytes.
 */
export async function buildImage(
  output: string,
  parts: Parts,
  options: {
    overlay: readonly Entry[];
    bundles: ReadonlyMap<string, string>;
    key: SigningKey;
  },
): Promise<Built> {
  const { overlay, bundles, key } = options;
  const base = await provideBase(parts);
  const work = await Deno.makeTempDir({
    dir: dirname(output),
    prefix: ".image-",
  });
  try {
    const tree = join(work, "tree");
    await Deno.mkdir(tree);
    const sources: Sources = {
      parts,
      root: ROOT,
      bundle: (entry) => bundles.get(entry)!,
    };
    const staged = await stage(overlay, tree, sources);
    const image = join(work, IMAGE_NAME);
    await Deno.copyFile(join(base, "base.sqsh"), image);
    await appendImage(image, tree);
    const manifest = await signImage(image, { version: VERSION, key });
    const [from, to] = [imagePaths(image), imagePaths(output)];
    const names = Object.keys(to) as (keyof typeof to)[];
    await publish(names.map((name) => ({ from: from[name], to: to[name] })));
    const lines: Line[] = JSON.parse(
      await Deno.readTextFile(join(base, "lines.json")),
    );
    return {
      lines: [...lines, ...staged.map(lineOf)],
      rootHash: manifest.rootHash.toHex(),
    };
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

/** Whether what the record names is there, and is what was signed. */
async function isWhole(
  out: string,
  { record, key }: { record: BuildRecord; key: SigningKey },
): Promise<boolean> {
  const keys = join(out, PUBLIC_KEYS);
  try {
    if (await Deno.readTextFile(keys) !== key.publicPem) return false;
    await using opened = await openImage({
      image: join(out, IMAGE_NAME),
      keys,
    });
    await verifyAll(opened);
    return opened.manifest.rootHash.toHex() === record.rootHash;
  } catch {
    // Whatever is wrong with it, it is made again.
    return false;
  }
}

async function fileSizes(out: string, image: string) {
  const paths = [...Object.values(imagePaths(image)), join(out, PUBLIC_KEYS)];
  return await Promise.all(paths.map(async (path) => {
    const { size: sizeBytes } = await Deno.stat(path);
    return { name: relative(out, path), sizeBytes };
  }));
}

/** Makes `_out/` current; returns the table of contents. */
export async function build(root = ROOT): Promise<BuildRecord> {
  const out = join(root, "_out");
  await Deno.mkdir(out, { recursive: true });
  using lock = await Deno.open(join(out, ".lock"), {
    create: true,
    write: true,
  });
  await lock.lock(true);
  const problems = checkEntries([...BASE, ...OVERLAY]);
  if (problems.length > 0) throw new Error(problems.join("; "));
  const [parts, key] = [await provideAll(), await provideSigningKey()];
  const digests = Object.values(parts).map((part) => part.digest);
  const inputs = digestOf([
    digests,
    COMPRESSION,
    await sourcesDigest(root),
    await buildInfo(root),
    key.id,
  ]);
  const before = await readRecord(join(out, "rootfs.json"));
  if (
    before?.inputs === inputs && await isWhole(out, { record: before, key })
  ) {
    return before;
  }
  return await buildAll(out, { inputs, parts, key });
}

/** The caller holds the lock. */
async function buildAll(
  out: string,
  { inputs, parts, key }: { inputs: string; parts: Parts; key: SigningKey },
): Promise<BuildRecord> {
  const started = performance.now();
  const [image, path] = [join(out, IMAGE_NAME), join(out, "rootfs.json")];
  const work = await Deno.makeTempDir({ dir: out, prefix: ".bundles-" });
  try {
    const bundles = await bundleAll(OVERLAY, work);
    // Cut short from here on, it must not look finished.
    await Deno.remove(path).catch(() => {});
    const overlay = OVERLAY;
    const made = await buildImage(image, parts, { overlay, bundles, key });
    await replaceFile(join(out, PUBLIC_KEYS), key.publicPem, { durable: true });
    await installTalosctl(out, {
      bundle: bundles.get(TALOSCTL)!,
      wasm: join(ROOT, CORE_WASM),
      parts,
    });
    const { size: sizeBytes } = await Deno.stat(image);
    const files = await fileSizes(out, image);
    const record = { inputs, sizeBytes, files, keyId: key.id, ...made };
    await replaceFile(path, JSON.stringify(record), { durable: true });
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
    say(`signed       by key ${record.keyId}, root hash ${record.rootHash}`);
    if (record.sizeBytes > IMAGE_BYTES_MAX) {
      say(`The image is larger than ${IMAGE_BYTES_MAX} bytes`);
      Deno.exit(1);
    }
  } catch (thrown) {
    say(chainOf(thrown));
    Deno.exit(1);
  }
}
