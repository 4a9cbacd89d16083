/** The suite of service hosts on a plain process, from source. */
import { fileURLToPath } from "node:url";
import { checkHost } from "#tests/host_suite.ts";
import { ProcessRunner } from "./runner_process.ts";

const SOURCE = fileURLToPath(
  new URL("../../lib/worker/host.ts", import.meta.url),
);
const MOODY = new URL(
  "../../../tests/fixtures/workers/moody.ts",
  import.meta.url,
);

Deno.test("a service host on a plain process", async (t) => {
  const bundles = await Deno.makeTempDir();
  const socket = `${bundles}/control/control.sock`;
  for (const name of ["moody", "calm"]) {
    await Deno.writeTextFile(`${bundles}/${name}.js`, `import "${MOODY}";`);
  }
  await checkHost(t, {
    name: "test",
    socket,
    bundles,
    rounds: 1,
    runner: () =>
      new ProcessRunner({
        command: [
          Deno.execPath(),
          "run",
          "--quiet",
          "--no-prompt",
          "--v8-flags=--max-old-space-size=48",
          "--allow-read",
          `--allow-write=${socket}`,
          `--allow-net=unix:${socket}`,
          SOURCE,
          "test",
          socket,
        ],
        env: {
          HOME: Deno.env.get("HOME") ?? "/",
          DENO_DIR: Deno.env.get("DENO_DIR") ?? "",
        },
        log: () => {},
        graceMs: 100,
      }),
  });
  await Deno.remove(bundles, { recursive: true });
});
