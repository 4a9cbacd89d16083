/** Talosconfig: decode, encode, merge, where the file is, how it is written. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  chooseContext,
  type Context,
  credentialsOf,
  decodeTalosconfig,
  EMPTY_TALOSCONFIG,
  encodeTalosconfig,
  mergeTalosconfig,
  missingContextText,
  type Talosconfig,
  talosconfigPath,
} from "./talosconfig.ts";
import { loadTalosconfig, saveTalosconfig } from "./talosconfig_file.ts";
import { ConfigError } from "./problem.ts";

function context(endpoint: string): Context {
  return {
    endpoints: [endpoint],
    nodes: [],
    ca: "Y2E=",
    crt: "Y3J0",
    key: "a2V5",
  };
}

function config(current: string, names: Record<string, string>): Talosconfig {
  return {
    context: current,
    contexts: Object.fromEntries(
      Object.entries(names).map(([name, at]) => [name, context(at)]),
    ),
  };
}

Deno.test("talosconfig: a file of the seed era, byte for byte", () => {
  const text = `context: home
contexts:
    home:
        endpoints:
            - 10.5.0.2
            - 10.5.0.3
        nodes:
            - 10.5.0.4
        ca: Y2E=
        crt: Y3J0
        key: a2V5
`;
  const decoded = decodeTalosconfig(text);
  assertEquals(decoded.contexts["home"], {
    endpoints: ["10.5.0.2", "10.5.0.3"],
    nodes: ["10.5.0.4"],
    ca: "Y2E=",
    crt: "Y3J0",
    key: "a2V5",
  });
  assertEquals(encodeTalosconfig(decoded), text);
});

Deno.test("talosconfig: target is one more endpoint, odd keys are passed over", () => {
  const decoded = decodeTalosconfig(
    "context: a\ncontexts:\n  a: {target: 1.2.3.4, auth: {siderov1: {}}}\n  b: {}\n",
  );
  assertEquals(decoded.contexts["a"]?.endpoints, ["1.2.3.4"]);
  assertEquals(decoded.contexts["b"]?.endpoints, []);
});

Deno.test("talosconfig: an empty file is an empty config", () => {
  for (const text of ["", "\n", "# nothing\n", "{}"]) {
    assertEquals(decodeTalosconfig(text), EMPTY_TALOSCONFIG, text);
  }
});

Deno.test("talosconfig: problems are named without the secrets", () => {
  const thrown = assertThrows(
    () => decodeTalosconfig("contexts:\n  a:\n    key: [hush]\n  b: 5\n", "/f"),
    ConfigError,
  );
  assertEquals(
    thrown.message,
    "/f:3:10: contexts.a.key: expected a string, got a list\n/f:4:6: contexts.b: expected a map, got another value",
  );
});

Deno.test("talosconfig: a merge loses nothing and renames by index", () => {
  const base = config("a", { a: "1.1.1.1", "a-1": "2.2.2.2" });
  const merged = mergeTalosconfig(
    base,
    config("a", { a: "3.3.3.3", b: "4.4.4.4" }),
  );
  assertEquals(merged.renames, [{ from: "a", to: "a-2" }]);
  assertEquals(merged.config.context, "a-2");
  assertEquals(
    Object.entries(merged.config.contexts).map(([n, c]) => [n, c.endpoints[0]]),
    [["a", "1.1.1.1"], ["a-1", "2.2.2.2"], ["a-2", "3.3.3.3"], [
      "b",
      "4.4.4.4",
    ]],
  );
});

Deno.test("talosconfig: force overwrites", () => {
  const merged = mergeTalosconfig(
    config("a", { a: "1.1.1.1" }),
    config("a", { a: "3.3.3.3" }),
    { force: true },
  );
  assertEquals(merged.renames, []);
  assertEquals(merged.config.contexts["a"]?.endpoints, ["3.3.3.3"]);
});

Deno.test("talosconfig: where the file is", () => {
  const at = (env: Record<string, string>, flag?: string) =>
    talosconfigPath({ flag, env: (name) => env[name] });
  const all = { HOME: "/h", XDG_CONFIG_HOME: "/x", TALOSCONFIG: "/t" };
  assertEquals(at(all, "/flag"), "/flag");
  assertEquals(at(all), "/t");
  assertEquals(
    at({ HOME: "/h", XDG_CONFIG_HOME: "/x" }),
    "/x/talos/config.yaml",
  );
  assertEquals(at({ HOME: "/h", XDG_CONFIG_HOME: "" }), "/h/.talos/config");
});

Deno.test("talosconfig: contexts by name, and what is said without one", () => {
  const two = config("a", { a: "1.1.1.1", b: "2.2.2.2" });
  assertEquals(chooseContext(two)?.endpoints, ["1.1.1.1"]);
  assertEquals(chooseContext(two, "b")?.endpoints, ["2.2.2.2"]);
  assertEquals(chooseContext(two, "toString"), undefined);
  assertEquals(
    missingContextText(two, "c"),
    'No context "c": known contexts: a, b',
  );
  assertEquals(
    missingContextText(EMPTY_TALOSCONFIG),
    "No current context: there are none; add one with talosctl config merge",
  );
  assertEquals(credentialsOf({ ...context("x"), crt: "" }), {
    ca: "ca",
    key: "key",
  });
});

Deno.test("talosconfig: the file is private, atomic, and a link stays one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/new/deep/config`;
    assertEquals(await loadTalosconfig(path), EMPTY_TALOSCONFIG);
    const wanted = config("a", { a: "1.1.1.1" });
    await saveTalosconfig(path, wanted);
    assertEquals(await loadTalosconfig(path), wanted);
    const modeOf = async (of: string) => (await Deno.stat(of)).mode! & 0o777;
    assertEquals(await modeOf(path), 0o600);
    assertEquals(await modeOf(`${folder}/new/deep`), 0o700);
    await Deno.symlink(path, `${folder}/link`);
    await saveTalosconfig(`${folder}/link`, config("b", {}));
    assertEquals((await Deno.lstat(`${folder}/link`)).isSymlink, true);
    assertEquals((await loadTalosconfig(path)).context, "b");
    const left = [];
    for await (const { name } of Deno.readDir(`${folder}/new/deep`)) {
      left.push(name);
    }
    assertEquals(left, ["config"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
