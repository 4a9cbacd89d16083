/**
 * Builds the peers (Go, from published modules) into the cache: `seed` is what
 * the seed era ran, `current` a client of today. Built once for each state of
 * their sources.
 */
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { provide } from "../../rootfs/components/cache.ts";

/** A peer that can be built. */
export type Peer = "seed" | "current";

const HERE = dirname(fileURLToPath(import.meta.url));

async function sources(folder: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const { name } of Deno.readDir(join(HERE, folder))) {
    texts[`${folder}/${name}`] = await Deno.readTextFile(
      join(HERE, folder, name),
    );
  }
  return texts;
}

/** The path of the peer's executable. */
export async function buildPeer(peer: Peer): Promise<string> {
  const part = await provide({
    name: `peer-${peer}`,
    what: "from Go modules",
    inputs: { ...await sources("common"), ...await sources(peer) },
    async build(into) {
      const { code, stderr } = await new Deno.Command("go", {
        args: ["build", "-trimpath", "-o", join(into, peer), "."],
        cwd: join(HERE, peer),
        env: { CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOFLAGS: "" },
        stdout: "null",
      }).output();
      if (code !== 0) {
        throw new Error(
          `Cannot build peer "${peer}": ${new TextDecoder().decode(stderr)}`,
        );
      }
    },
  });
  return join(part.dir, peer);
}
