/**
 * A registry's storage that holds our images, as a part of the cache: filled
 * once by pushing to a registry on the loopback, then only read.
 */
import { join } from "@std/path";
import {
  registryConfig,
  waitForRegistry,
} from "../../services/talosctl/provision/registry.ts";
import { provide } from "../components/cache.ts";
import type { Image } from "./image.ts";
import { Registry } from "./push.ts";

/** A port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Runs a registry on `storage` as long as `use` takes. */
export async function withRegistry(
  storage: string,
  program: string,
  options: { use: (url: string) => Promise<void> },
): Promise<void> {
  const address = `127.0.0.1:${freePort()}`;
  const work = await Deno.makeTempDir();
  const config = join(work, "registry.yaml");
  await Deno.writeTextFile(
    config,
    registryConfig(storage, address, { readOnly: false }),
  );
  const log = join(work, "registry.log");
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$1" serve "$2" >"$3" 2>&1', "sh", program, config, log],
    stdin: "null",
  }).spawn();
  try {
    await waitForRegistry(`http://${address}`, { log });
    await options.use(`http://${address}`);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(work, { recursive: true });
  }
}

/** The directory of the storage that holds `images` and nothing else. */
export async function provideStorage(
  images: readonly Image[],
  program: string,
): Promise<string> {
  const { dir } = await provide({
    name: "images",
    what: `${images.length} in a registry's storage`,
    inputs: images.map(({ reference, manifest }) => [
      reference,
      manifest.descriptor.digest,
    ]),
    build: (into) =>
      withRegistry(into, program, {
        async use(url) {
          const registry = new Registry(url);
          for (const image of images) await registry.push(image);
        },
      }),
  });
  return dir;
}
