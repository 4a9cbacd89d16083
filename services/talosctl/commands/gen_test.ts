/**
 * `talosctl gen` and `config` as a user types them, in a folder of their own:
 * what is written, with which mode, and that the pieces fit together.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { decodeTalosconfig } from "#lib/config/talosconfig.ts";
import { check as checkConfig } from "#lib/config/mod.ts";
import { isSignedBy, readCertificate } from "#lib/pki/mod.ts";
import { runCli } from "#tests/talosctl.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** A folder, and talosctl in a process of its own that runs in it. */
async function withFolder(test: (run: Run, dir: string) => Promise<void>) {
  const dir = await Deno.makeTempDir();
  const run: Run = async (...args) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", MAIN, ...args],
      cwd: dir,
      env: { TALOSCONFIG: `${dir}/.talos/config`, NO_COLOR: "1" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  };
  try {
    await test(run, dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

type Run = (
  ...args: string[]
) => Promise<{ code: number; stdout: string; stderr: string }>;

async function ok(run: ReturnType<Run>): Promise<string> {
  const { code, stdout, stderr } = await run;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

async function modeOf(path: string): Promise<number> {
  return (await Deno.stat(path)).mode! & 0o777;
}

Deno.test("a PKI by hand: ca, key, csr, crt fit together", async () => {
  await withFolder(async (run, dir) => {
    assertEquals(await ok(run("gen", "ca", "--organization", "acme")), "");
    await ok(run("gen", "key", "--name", "admin"));
    await ok(
      run("gen", "csr", "--key", "admin.key", "--ip", "127.0.0.1"),
    );
    await ok(
      run(
        ...["gen", "crt", "--ca", "acme", "--csr", "admin.csr"],
        ...["--name", "admin", "--hours", "2"],
      ),
    );
    const names = [];
    for await (const { name } of Deno.readDir(dir)) names.push(name);
    assertEquals(names.sort(), [
      "acme.crt",
      "acme.key",
      "acme.sha256",
      "admin.crt",
      "admin.csr",
      "admin.key",
    ]);
    for (const name of names) {
      assertEquals(await modeOf(`${dir}/${name}`), 0o600);
    }
    const read = (name: string) => Deno.readTextFile(`${dir}/${name}`);
    const [ca, crt] = [await read("acme.crt"), await read("admin.crt")];
    assert(isSignedBy(crt, ca), "not signed by its CA");
    const facts = await readCertificate(crt);
    assertEquals(facts.organizations, ["os:admin"]);
    assertEquals(facts.addresses, ["127.0.0.1"]);
    assert(facts.notAfter - Date.now() < 2 * 3_600_000, "lives too long");
    assertEquals((await readCertificate(ca)).organizations, ["acme"]);
    assertStringIncludes(await read("admin.key"), "ED25519 PRIVATE KEY");
    assertEquals(/^sha256:[0-9a-f]{64}$/.test(await read("acme.sha256")), true);
    // The files make a context.
    await ok(
      run(
        ...["config", "add", "acme", "--ca", "acme.crt"],
        ...["--crt", "admin.crt", "--key", "admin.key"],
      ),
    );
    const config = decodeTalosconfig(await read(".talos/config"));
    assertEquals(config.context, "acme");
    assertEquals(atob(config.contexts["acme"]!.crt), crt);
    assertEquals(await modeOf(`${dir}/.talos/config`), 0o600);
    assertEquals(await modeOf(`${dir}/.talos`), 0o700);
  });
});

Deno.test("keypair is a CA that signs itself, for its address", async () => {
  await withFolder(async (run, dir) => {
    await ok(run("gen", "keypair", "--organization", "x", "--ip", "10.5.0.9"));
    const facts = await readCertificate(
      await Deno.readTextFile(`${dir}/x.crt`),
    );
    assertEquals(facts.addresses, ["10.5.0.9"]);
    assertEquals(facts.isCa, true);
  });
});

Deno.test("gen config writes four files that validate", async () => {
  await withFolder(async (run, dir) => {
    const said = await ok(
      run(
        ...["gen", "config", "demo", "https://10.5.0.2:6443", "-o", "out"],
        ...["--additional-sans", "a.example,b.example", "--install-disk"],
        ...["/dev/vda", "--persist=false"],
        ...["--registry-mirror", "docker.io=https://10.5.0.1:5000"],
      ),
    );
    const names = ["init.yaml", "controlplane.yaml", "join.yaml"];
    assertEquals(
      said,
      [...names, "talosconfig"].map((n) => `created ${dir}/out/${n}\n`).join(
        "",
      ),
    );
    for (const name of names) {
      assertEquals(await modeOf(`${dir}/out/${name}`), 0o644);
      const found = checkConfig(
        await Deno.readFile(`${dir}/out/${name}`),
        "container",
      );
      assertEquals(found.problems, []);
      assertEquals(found.config.persist, false);
    }
    assertEquals(await modeOf(`${dir}/out/talosconfig`), 0o600);
    const config = decodeTalosconfig(
      await Deno.readFile(`${dir}/out/talosconfig`),
    );
    assertEquals(config.context, "demo");
    assertEquals(config.contexts["demo"]!.endpoints, ["127.0.0.1"]);
    assertStringIncludes(
      await ok(run("validate", "-m", "cloud", "-c", "out/init.yaml")),
      "out/init.yaml is valid for cloud mode\n",
    );
  });
});

Deno.test("what gen cannot use is a usage error, at once", async (t) => {
  const dir = "/nonexistent";
  for (
    const [args, says] of [
      [
        ["config", "demo", "10.5.0.2"],
        `"10.5.0.2" is not an https URL; try: "https://10.5.0.2:6443"`,
      ],
      [["config", "demo"], "needs <cluster name> <cluster endpoint>"],
      [["ca"], "required flag --organization is not set"],
      [["csr", "--key", dir], "required flag --ip is not set"],
      [["keypair", "--organization", "x", "--ip", "no"], "want an address"],
      [["config", "--arch", "mips", "a", "b"], "want amd64, arm64"],
    ] as const
  ) {
    await t.step(args.join(" "), async () => {
      const got = await runCli(["gen", ...args]);
      assertEquals(got.code, 2, got.stderr);
      assertStringIncludes(got.stderr, says);
    });
  }
});
