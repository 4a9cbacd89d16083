/**
 * The registry of a local cluster: Debian's docker-registry on the gateway's
 * address, serving the images that `deno task images` built. It lives as long
 * as the cluster: what runs for a cluster is ended with it (processes.ts).
 */
import { join } from "@std/path";
import { messageOf } from "#lib/errors.ts";
import type { BuiltImages } from "./built_images.ts";
import { type Host, startDetached } from "./processes.ts";
import { ProvisionError } from "./provision.ts";

const PORT = 5000;

/** The registries whose names our images have, and what pods use most. */
const MIRRORED = [
  "docker.io",
  "gcr.io",
  "ghcr.io",
  "quay.io",
  "registry.k8s.io",
] as const;

/** The registry of the cluster whose gateway is `gateway`. */
export function registryUrl(gateway: string): string {
  return `http://${gateway}:${PORT}`;
}

/**
 * `HOST=URL` for every registry that the cluster's own one stands for; what
 * the user named in `given` stays as it is.
 */
export function withLocalMirrors(
  given: readonly string[],
  gateway: string,
): string[] {
  const named = new Set(given.map((text) => text.split("=")[0]));
  const local = MIRRORED.filter((host) => !named.has(host))
    .map((host) => `${host}=${registryUrl(gateway)}`);
  return [...given, ...local];
}

/** The registry's configuration file; YAML, of which JSON is a part. */
export function registryConfig(
  storage: string,
  address: string,
  { readOnly }: { readOnly: boolean },
): string {
  return JSON.stringify({
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storage },
      maintenance: {
        uploadpurging: { enabled: false },
        readonly: { enabled: readOnly },
      },
    },
    http: { addr: address },
  });
}

/** How often, 20 ms apart, a registry that starts is asked. */
const TRIES = 250;

/** Waits until the registry at `url` answers. */
export async function waitForRegistry(
  url: string,
  { log }: { log: string },
): Promise<void> {
  let last: unknown;
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      const response = await fetch(`${url}/v2/`);
      await response.body?.cancel();
      if (response.ok) return;
      last = new Error(`status ${response.status}`);
    } catch (thrown) {
      last = thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const text = await Deno.readTextFile(log).catch(() => "");
  throw new ProvisionError(
    { kind: "host", what: "registry" },
    `The registry does not answer at "${url}": ${
      text.trim().slice(-500) || messageOf(last)
    }`,
  );
}

/** Another program there would answer in the registry's place. */
function checkPortFree(gateway: string): void {
  try {
    Deno.listen({ hostname: gateway, port: PORT }).close();
  } catch (cause) {
    throw new ProvisionError(
      { kind: "host", what: "registry" },
      `Cannot serve images at "${
        registryUrl(gateway)
      }": end what listens on port ${PORT}, or say --local-registry=false`,
      { cause },
    );
  }
}

/** Starts the registry of the cluster whose state is in `dir`. */
export async function startRegistry(
  host: Host,
  { program, storage }: BuiltImages,
  { dir, gateway }: { dir: string; gateway: string },
): Promise<void> {
  checkPortFree(gateway);
  const config = join(dir, "registry.yaml");
  const log = join(dir, "registry.log");
  const address = `${gateway}:${PORT}`;
  await Deno.writeTextFile(
    config,
    registryConfig(storage, address, { readOnly: true }),
  );
  await startDetached(host, [program, "serve", config], log);
  await waitForRegistry(registryUrl(gateway), { log });
}
