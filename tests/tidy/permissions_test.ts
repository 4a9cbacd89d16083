/**
 * Who may touch what: every manifest's permissions, the same in deno.json, as
 * one table in permissions.txt, so that a wider permission is a line to
 * review. `deno test -A tests/tidy/permissions_test.ts -- -u` writes the table
 * again.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { isConfigPath } from "#lib/config/select.ts";
import type { Manifest } from "#lib/worker/manifest.ts";
import { PERMISSION_KINDS } from "#lib/worker/permissions.ts";
import denoJson from "../../deno.json" with { type: "json" };
import { ROOT } from "./tree.ts";

const TABLE = join(ROOT, "tests/tidy/permissions.txt");

async function readManifests(): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}/services`)) {
    const file = join(ROOT, "services", name, "manifest.ts");
    if (!isDirectory || !await Deno.stat(file).catch(() => null)) continue;
    const { manifest } = await import(`file://${file}`);
    assertEquals(manifest.name, name, `${file} names itself for its folder`);
    manifests.push(manifest);
  }
  return manifests.sort((a, b) => a.name < b.name ? -1 : 1);
}

const manifests = await readManifests();
const sets: Record<string, Record<string, unknown> | undefined> =
  denoJson.permissions;

/** `true`, sorted names, or nothing. */
function plain(granted: unknown): unknown {
  return Array.isArray(granted) ? [...granted].sort() : granted ?? [];
}

function table(): string {
  const lines = manifests.flatMap(({ name, host, permissions }) => [
    `${name} (${host})`,
    ...PERMISSION_KINDS.flatMap((kind) => {
      const granted = plain(permissions[kind]);
      if (granted === true) return [`  ${kind.padEnd(5)} everything`];
      return (granted as string[]).map((to) => `  ${kind.padEnd(5)} ${to}`);
    }),
  ]);
  return lines.join("\n") + "\n";
}

for (const { name, config } of manifests) {
  Deno.test(`config: ${name} is given keys that there are`, () => {
    assertEquals(config.filter((path) => !isConfigPath(path)), []);
  });
}

// PID 1 runs without a set: nothing is refused to it.
for (const manifest of manifests.filter(({ host }) => host !== "init")) {
  const { name, permissions } = manifest;
  Deno.test(`permissions: ${name} has the same in deno.json`, () => {
    const set = sets[name];
    assert(set, `no permission set "${name}" in deno.json`);
    for (const kind of PERMISSION_KINDS) {
      assertEquals(plain(set[kind]), plain(permissions[kind]), kind);
    }
    const known: readonly string[] = PERMISSION_KINDS;
    assertEquals(Object.keys(set).filter((key) => !known.includes(key)), []);
  });
}

Deno.test("permissions: every set of deno.json has a manifest", () => {
  const names = manifests.map(({ name }) => name);
  assertEquals(Object.keys(sets).filter((name) => !names.includes(name)), []);
});

Deno.test("permissions: who faces the network has no run and no ffi", () => {
  const facing = manifests.filter(({ host, port }) =>
    host === "edge" || port !== undefined
  );
  for (const { name, permissions } of facing) {
    assertEquals(permissions.run, undefined, name);
    assertEquals(permissions.ffi, undefined, name);
  }
});

Deno.test("permissions: no list is empty, which some doors read as all", () => {
  for (const { name, permissions } of manifests) {
    for (const kind of PERMISSION_KINDS) {
      const granted = permissions[kind];
      assert(granted === undefined || granted === true || granted.length > 0);
      assert(granted !== true || name === "machined" || name === "talosctl");
    }
  }
});

Deno.test("permissions: the whole matrix", async () => {
  if (Deno.args.includes("-u")) {
    await Deno.writeTextFile(TABLE, table());
  }
  assertEquals(
    table(),
    await Deno.readTextFile(TABLE),
    "the matrix differs; look at every line, then -- -u",
  );
});
