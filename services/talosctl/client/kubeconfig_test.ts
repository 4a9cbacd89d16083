/** Which file a kubeconfig is added to, and how it is taken away again. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { realEdge } from "../cli/edge.ts";
import { CliError } from "../cli/errors.ts";
import {
  addKubeconfig,
  dropKubeconfig,
  fetchKubeconfig,
  kubeconfigPath,
} from "./kubeconfig.ts";

const ACCESS = {
  ...{ context: "a@c", cluster: "c", user: "a@c" },
  server: "https://10.5.0.1:6443",
  ...{ ca: "Y2E=", crt: "Y3J0", key: "a2V5" },
};

async function inFolder(use: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the file: as named, else KUBECONFIG, else in the home", () =>
  inFolder(async (folder) => {
    const at = (named?: string, env: Record<string, string> = {}) =>
      kubeconfigPath(
        { edge: { ...realEdge, env: (name) => env[name] } },
        named,
      );
    const here = `${folder}/here`;
    await Deno.writeTextFile(here, "");
    const HOME = "/home/me";
    const cases: [string, string | undefined, Record<string, string>?][] = [
      [here, here],
      [`${folder}/kubeconfig`, folder],
      ["new/kubeconfig", "new/"],
      ["new", "new", { KUBECONFIG: here, HOME }],
      [`${HOME}/.kube/config`, undefined, { HOME }],
      [`${HOME}/.kube/config`, "", { HOME, KUBECONFIG: ":" }],
      [here, undefined, { HOME, KUBECONFIG: `/no/a:${here}:/no/b` }],
      ["/no/b", undefined, { HOME, KUBECONFIG: "/no/a::/no/b" }],
    ];
    for (const [wanted, named, env] of cases) {
      assertEquals(await at(named, env), wanted);
    }
  }));

Deno.test("what was added is private, and goes again", () =>
  inFolder(async (folder) => {
    const path = `${folder}/new/config`;
    const { merged } = await addKubeconfig(ACCESS, { path });
    const { mode } = await Deno.stat(path);
    assertEquals(mode! & 0o777, 0o600);
    const again = await addKubeconfig(ACCESS, { path });
    assertEquals(again.merged, {
      ...{ path, context: "a@c-1", cluster: "c-1", user: "a@c-1" },
      ca: ACCESS.ca,
    });
    await dropKubeconfig(merged);
    const text = await Deno.readTextFile(path);
    assert(text.includes("name: c-1") && !text.includes("name: c\n"), text);
    await addKubeconfig(ACCESS, { path, replace: true });
    assert(!(await Deno.readTextFile(path)).includes("c-1"));
    await Deno.remove(path);
    await dropKubeconfig(merged);
    assertEquals(realEdge.existsSync(path), false);
  }));

Deno.test("a node that does not stop sending is stopped", async () => {
  let ended = false;
  const session = {
    async *stream() {
      try {
        for (;;) yield { node: "n", message: { bytes: new Uint8Array(1024) } };
      } finally {
        ended = true;
      }
    },
  };
  type Given = Parameters<typeof fetchKubeconfig>;
  await assertRejects(
    () =>
      fetchKubeconfig(
        { path: "talosctl kubeconfig" } as Given[0],
        session as unknown as Given[1],
      ),
    CliError,
    'Cannot use the kubeconfig of "n"',
  );
  assert(ended);
});
