/**
 * Programs out of Go modules at pinned versions. Each upstream project has a
 * folder here with a go.mod (its `tool` lines name the programs) and a go.sum,
 * which pins every byte of source; but for the stand-ins of flannel/ there is
 * no Go source of ours.
 */
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { cacheDir, type Part, provide, type Recipe } from "./cache.ts";
import { run } from "#lib/command.ts";
import { fetchChecked } from "./fetch.ts";

const HERE = dirname(fileURLToPath(import.meta.url));

/** The oldest Go that builds every part, and the one fetched where it lacks. */
const GO_MINOR = 26;
const GO_PINNED = {
  version: "1.26.8",
  sha256: "30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7",
} as const;

/** A set of programs of one upstream project. */
export interface GoProgram {
  /** Of the part; the folder's when a folder is one part. */
  readonly name?: string;
  /** Folder below components/. */
  readonly folder: string;
  readonly version: string;
  readonly packages: readonly string[];
  readonly tags: readonly string[];
  /** `-X` values of the linker: the true version strings. */
  readonly values: Readonly<Record<string, string>>;
  /** Linked with C, statically. */
  readonly cgo?: boolean;
  /** Programs that go build names otherwise than their users do. */
  readonly renamed?: Readonly<Record<string, string>>;
}

/** The Go toolchain as the module proxy serves it. */
const toolchain: Recipe = {
  name: "go",
  what: `${GO_PINNED.version} toolchain`,
  inputs: GO_PINNED,
  async build(into) {
    const module = `v0.0.1-go${GO_PINNED.version}.linux-amd64`;
    const zip = await fetchChecked(
      `https://proxy.golang.org/golang.org/toolchain/@v/${module}.zip`,
      { algorithm: "sha256", encoding: "hex", value: GO_PINNED.sha256 },
    );
    const path = join(into, ".toolchain.zip");
    await Deno.writeFile(path, zip);
    await run(["unzip", "-q", path, "-d", into]);
    await Deno.remove(path);
    // A module zip carries no modes.
    const root = join(into, `golang.org/toolchain@${module}`);
    await run(["chmod", "-R", "a+x", `${root}/bin`, `${root}/pkg/tool`]);
  },
};

/** The `go` to build with: the host's when it is new enough. */
async function findGo(): Promise<string> {
  const version = await run(["go", "env", "GOVERSION"]).catch(() => "");
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
  if (minor >= GO_MINOR) return "go";
  const part: Part = await provide(toolchain, cacheDir());
  const module = `v0.0.1-go${GO_PINNED.version}.linux-amd64`;
  return join(part.dir, `golang.org/toolchain@${module}`, "bin", "go");
}

function ldflags(program: GoProgram): string {
  const flags = ["-s", "-w", "-buildid="];
  if (program.cgo) flags.push("-linkmode external", "-extldflags -static");
  for (const [name, value] of Object.entries(program.values)) {
    flags.push(`-X ${name}=${value}`);
  }
  return flags.join(" ");
}

/** Of every go command: the folder's go.mod decides, nothing of the host. */
const GO_ENV = { GOTOOLCHAIN: "local", GOFLAGS: "", GOWORK: "off" } as const;

/** A folder of components/ with what pins its modules. */
export interface GoFolder {
  readonly path: string;
  readonly mod: string;
  readonly sum: string;
}

/** Reads the folder `name`. */
export async function readGoFolder(name: string): Promise<GoFolder> {
  const path = join(HERE, name);
  const [mod, sum] = await Promise.all([
    Deno.readTextFile(join(path, "go.mod")),
    Deno.readTextFile(join(path, "go.sum")),
  ]);
  return { path, mod, sum };
}

/** Go files of the folder itself, by path: go.sum does not pin these. */
async function ownSources(path: string, below = ""): Promise<string[][]> {
  const found: string[][] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(path, below))) {
    const file = join(below, name);
    if (isDirectory) found.push(...await ownSources(path, file));
    else if (below !== "") {
      found.push([file, await Deno.readTextFile(join(path, file))]);
    }
  }
  return found.sort(([a], [b]) => a! < b! ? -1 : 1);
}

/** Where the source of `module` is, one that `folder` pins. */
export async function moduleDir(
  folder: GoFolder,
  module: string,
): Promise<string> {
  const options = { cwd: folder.path, env: GO_ENV };
  const go = await findGo();
  await run([go, "mod", "download", module], options);
  const list = [go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module];
  return (await run(list, options)).trim();
}

/** A part that holds the programs of `program`. */
export async function goPrograms(program: GoProgram): Promise<Recipe> {
  const { path, mod, sum } = await readGoFolder(program.folder);
  const own = await ownSources(path);
  return {
    name: program.name ?? program.folder,
    what: `${program.version} from Go modules`,
    inputs: {
      ...{ kind: "go", program, mod, sum, ldflags: ldflags(program) },
      ...own.length > 0 && { own },
    },
    async build(into) {
      const go = await findGo();
      const argv = [go, "build", "-trimpath", "-mod=readonly"];
      argv.push("-buildvcs=false", "-tags", program.tags.join(","));
      argv.push("-ldflags", ldflags(program), "-o", `${into}/`);
      await run([...argv, ...program.packages], {
        cwd: path,
        nice: true,
        env: { ...GO_ENV, CGO_ENABLED: program.cgo ? "1" : "0" },
      });
      for (const [from, to] of Object.entries(program.renamed ?? {})) {
        await Deno.rename(join(into, from), join(into, to));
      }
    },
  };
}
