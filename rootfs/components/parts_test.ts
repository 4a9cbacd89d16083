/** What the parts are called is what their folders pin. */
import { assert, assertEquals } from "@std/assert";
import { VERSIONS } from "#lib/config/images.ts";
import {
  CLUSTER_PARTS,
  PREVIOUS_KUBERNETES,
  PREVIOUS_PARTS,
} from "./cluster_parts.ts";
import { readGoFolder } from "./go.ts";
import { PARTS } from "./parts.ts";

/** Module of each folder, and the version that we say it has. */
const PINNED: Record<string, [module: string, version: string]> = {
  agnhost: ["k8s.io/kubernetes", VERSIONS.kubernetes],
  cni: ["github.com/containernetworking/plugins", "v1.9.1"],
  containerd: ["github.com/containerd/containerd/v2", "v2.4.2"],
  coredns: ["github.com/coredns/coredns", VERSIONS.coredns],
  etcd: ["go.etcd.io/etcd/server/v3", `v${VERSIONS.etcd.split("-")[0]}`],
  flannel: ["github.com/flannel-io/flannel", VERSIONS.flannel],
  kubernetes: ["k8s.io/kubernetes", VERSIONS.kubernetes],
  kubernetes_previous: ["k8s.io/kubernetes", PREVIOUS_KUBERNETES],
  runc: ["github.com/opencontainers/runc", "v1.5.2"],
};

const RECIPES = Object.values({
  ...PARTS,
  ...CLUSTER_PARTS,
  ...PREVIOUS_PARTS,
});

/** What a recipe of goPrograms keeps of its program, as far as needed here. */
interface GoInputs {
  readonly kind: string;
  readonly program: {
    readonly folder: string;
    readonly version: string;
    readonly packages: readonly string[];
  };
}

const PROGRAMS = RECIPES.map(({ inputs }) => inputs as GoInputs)
  .filter(({ kind }) => kind === "go").map(({ program }) => program);

Deno.test("the version of a part is the one that its go.mod pins", async (t) => {
  assertEquals(
    [...new Set(PROGRAMS.map(({ folder }) => folder))].sort(),
    Object.keys(PINNED),
  );
  for (const { folder, version, packages } of PROGRAMS) {
    await t.step(packages[0]!, async () => {
      const { mod } = await readGoFolder(folder);
      const [module, pinned] = PINNED[folder]!;
      assertEquals(version, pinned);
      assert(mod.includes(`\t${module} ${version} //`), `${module} ${version}`);
      // `go mod tidy` keeps what a tool line names, and nothing else.
      for (const path of packages) {
        const line = new RegExp(`^(tool |\t)${RegExp.escape(path)}$`, "m");
        assert(line.test(mod), `no tool line for ${path}`);
      }
    });
  }
});

Deno.test("every staging module has the version of its Kubernetes", async (t) => {
  for (const folder of ["kubernetes", "kubernetes_previous"]) {
    await t.step(folder, async () => {
      const { mod } = await readGoFolder(folder);
      const lines = mod.match(/^\tk8s\.io\/\S+ => .*$/gm) ?? [];
      assertEquals(lines.length, 33);
      const staging = PINNED[folder]![1].replace("v1.", "v0.");
      for (const line of lines) {
        const [, from, to, version] = /^\t(\S+) => (\S+) (\S+)$/.exec(line)!;
        assertEquals([to, version], [from, staging]);
      }
    });
  }
});

Deno.test("the previous release is one that can be upgraded", () => {
  const [before, now] = [PREVIOUS_KUBERNETES, VERSIONS.kubernetes]
    .map((version) => version.slice(1).split(".").map(Number));
  assertEquals(before!.slice(0, 2), now!.slice(0, 2));
  assert(before![2]! < now![2]!, `${before} is before ${now}`);
});

Deno.test("a folder's own Go files decide its part", () => {
  const { own } = CLUSTER_PARTS.flannel.inputs as { own: string[][] };
  const paths = own.map(([path]) => path);
  assert(paths.includes("tencentcloud/vpc/v20170312/vpc.go"), `${paths}`);
});

Deno.test("no two parts have one name", () => {
  const names = RECIPES.map(({ name }) => name);
  assertEquals(names.length, new Set(names).size);
});
