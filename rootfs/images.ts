/**
 * `deno task images`: builds the container images of image_table.ts into a
 * registry's storage in the cache, from which `talosctl cluster create` serves
 * them to its nodes. `-- --push URL` also pushes them to a registry, `--
 * --layout DIR` also writes them as an OCI layout, `-- --with-previous` adds
 * the control plane of the release that the tests upgrade from.
 */
import { join } from "@std/path";
import { chainOf } from "#lib/errors.ts";
import { replaceFile } from "#lib/replace_file.ts";
import type { BuiltImages } from "../services/talosctl/provision/built_images.ts";
import { ROOT } from "./build.ts";
import { type Part, provide } from "./components/cache.ts";
import { CLUSTER_PARTS, PREVIOUS_PARTS } from "./components/cluster_parts.ts";
import { PARTS } from "./components/parts.ts";
import { say } from "./components/progress.ts";
import { BUILD_TOOLS, ensureTools } from "./components/tools.ts";
import {
  type ImageList,
  type ImagePartName,
  IMAGES,
  type LayerList,
  PREVIOUS_IMAGES,
} from "./image_table.ts";
import { type Image, imageOf, type Layer } from "./oci/image.ts";
import { LAYER_LEVEL, type LayerFile, writeLayer } from "./oci/layer.ts";
import { writeLayout } from "./oci/layout.ts";
import { Registry } from "./oci/push.ts";
import { provideStorage } from "./oci/storage.ts";
import { linkOrCopy, place } from "./place.ts";
import { stage } from "./stage.ts";

const RECIPES = { ...PARTS, ...CLUSTER_PARTS, ...PREVIOUS_PARTS };

/** Where programs of the images are. */
const ENV = ["PATH=/usr/local/bin:/bin"] as const;

/** Those that the lists name, at least. */
type Parts = Record<ImagePartName, Part>;

/** The parts that the lists name, built where they are not yet. */
async function provideParts(lists: readonly ImageList[]): Promise<Parts> {
  const wanted = new Set(
    lists.flatMap(({ layers }) => layers).flatMap(({ entries }) => entries)
      .flatMap((entry) =>
        entry.kind === "file" && "part" in entry.source
          ? [entry.source.part]
          : []
      ),
  );
  const parts = {} as Parts;
  // In the order of the tables: what shares a compiler's cache is together.
  for (const name of Object.keys(RECIPES) as ImagePartName[]) {
    if (wanted.has(name)) parts[name] = await provide(RECIPES[name]);
  }
  return parts;
}

/** The digests of what `list` is made of: they decide its bytes. */
function inputsOf({ entries }: LayerList, parts: Parts) {
  const digests = entries.flatMap((entry) =>
    entry.kind === "file" && "part" in entry.source
      ? [parts[entry.source.part].digest]
      : []
  );
  return { entries, digests, level: LAYER_LEVEL };
}

async function provideLayer(list: LayerList, parts: Parts): Promise<Layer> {
  const { dir } = await provide({
    name: `layer-${list.name}`,
    what: "compressed",
    inputs: inputsOf(list, parts),
    async build(into) {
      const tree = join(into, "tree");
      await Deno.mkdir(tree);
      const staged = await stage(list.entries, tree, {
        parts,
        root: ROOT,
        bundle: () => "",
      });
      const file = await writeLayer(join(into, "layer"), { tree, staged });
      await Deno.writeTextFile(
        join(into, "layer.json"),
        JSON.stringify(file),
      );
      await Deno.remove(tree, { recursive: true });
    },
  });
  const file: LayerFile = JSON.parse(
    await Deno.readTextFile(join(dir, "layer.json")),
  );
  return { ...file, path: join(dir, "layer") };
}

/** The images of `lists`, their layers in the cache. */
async function provideImages(lists: readonly ImageList[]): Promise<Image[]> {
  const parts = await provideParts(lists);
  const images: Image[] = [];
  for (const { reference, layers, entrypoint, user } of lists) {
    const files: Layer[] = [];
    for (const layer of layers) files.push(await provideLayer(layer, parts));
    const start = { entrypoint, env: ENV, ...user && { user } };
    images.push(imageOf(reference, files, start));
  }
  return images;
}

function pulledBytes({ layers, config, manifest }: Image): number {
  return [...layers, config, manifest]
    .reduce((sum, { descriptor }) => sum + descriptor.size, 0);
}

/** Makes `_out/images.json` current, and `_out/bin/kubectl`. */
export async function buildImages(
  out: string,
  lists: readonly ImageList[],
): Promise<Image[]> {
  const images = await provideImages(lists);
  const registry = await provide(CLUSTER_PARTS.registry);
  const program = join(registry.dir, "usr", "bin", "docker-registry");
  const storage = await provideStorage(images, program);
  const kubectl = await provide(CLUSTER_PARTS.kubectl);
  await Deno.mkdir(join(out, "bin"), { recursive: true });
  await place(
    join(out, "bin", "kubectl"),
    (to) => linkOrCopy(join(kubectl.dir, "kubectl"), to),
  );
  const built: BuiltImages = {
    program,
    storage,
    images: images.map((image) => ({
      reference: image.reference,
      digest: image.manifest.descriptor.digest,
      sizeBytes: pulledBytes(image),
    })),
  };
  await replaceFile(join(out, "images.json"), JSON.stringify(built, null, 2));
  return images;
}

function printTable(images: readonly Image[]): void {
  const width = Math.max(...images.map(({ reference }) => reference.length));
  let total = 0;
  const seen = new Set<string>();
  const rows = images.map((image) => {
    for (const { descriptor: { digest, size } } of image.layers) {
      if (!seen.has(digest)) total += size;
      seen.add(digest);
    }
    const mb = (pulledBytes(image) / 1e6).toFixed(1).padStart(7);
    const digest = image.manifest.descriptor.digest.slice(0, 19);
    return `${image.reference.padEnd(width)} ${mb} MB  ${digest}\n`;
  });
  rows.push(`${images.length} images, ${(total / 1e6).toFixed(1)} MB\n`);
  Deno.stdout.writeSync(new TextEncoder().encode(rows.join("")));
}

async function pushAll(url: string, images: readonly Image[]): Promise<void> {
  const registry = new Registry(url);
  for (const image of images) {
    const { sent, there } = await registry.push(image);
    say(`pushed       ${image.reference}, ${sent} blobs, ${there} there`);
  }
}

/** The value behind `name` on the command line. */
function flag(name: string): string | undefined {
  const at = Deno.args.indexOf(name);
  if (at < 0) return undefined;
  const value = Deno.args[at + 1];
  if (value === undefined) throw new Error(`${name} needs a value`);
  return value;
}

if (import.meta.main) {
  try {
    const [url, layout] = [flag("--push"), flag("--layout")];
    await ensureTools(BUILD_TOOLS);
    const started = performance.now();
    const more = Deno.args.includes("--with-previous") ? PREVIOUS_IMAGES : [];
    const images = await buildImages(join(ROOT, "_out"), [...IMAGES, ...more]);
    if (url !== undefined) await pushAll(url, images);
    if (layout !== undefined) await writeLayout(layout, images);
    printTable(images);
    const seconds = (performance.now() - started) / 1000;
    say(`images       ${seconds.toFixed(1)} s`);
  } catch (thrown) {
    say(chainOf(thrown));
    Deno.exit(1);
  }
}
