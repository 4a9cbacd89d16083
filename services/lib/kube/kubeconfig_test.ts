/** Merging a cluster into a user's kubeconfig, and taking it away again. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { parse } from "@std/yaml";
import { ConfigError } from "../config/problem.ts";
import type { ClusterAccess } from "./cluster_access.ts";
import { mergeKubeconfig, withoutEntry } from "./kubeconfig.ts";

const ACCESS: ClusterAccess = {
  context: "admin@local",
  cluster: "local",
  user: "admin@local",
  server: "https://10.5.0.1:6443",
  namespace: "default",
  ca: "Y2E=",
  crt: "Y3J0",
  key: "a2V5",
};

const FILE = { file: "kube" };

const merge = (
  base: string | undefined,
  change: Partial<ClusterAccess> = {},
  force = false,
) => mergeKubeconfig(base, { ...ACCESS, ...change }, { ...FILE, force });

/** The names in each list of a file. */
// deno-lint-ignore no-explicit-any
function names(text: string): any {
  // deno-lint-ignore no-explicit-any
  const config = parse(text) as any;
  const of = (list: { name: string }[] | null) =>
    (list ?? []).map(({ name }) => name);
  return {
    clusters: of(config.clusters),
    users: of(config.users),
    contexts: of(config.contexts),
    current: config["current-context"],
  };
}

const ALONE = {
  clusters: ["local"],
  users: ["admin@local"],
  contexts: ["admin@local"],
  current: "admin@local",
};

const MINE = `# Do not lose me.
kind: Config
apiVersion: v1
x-mine: {when: 2026-01-01, much: 12345678901234567890, yes: "no"}
clusters:
- cluster: {server: "https://prod"} # over there
  name: prod
users: null
contexts: []
current-context: ""
`;

Deno.test("a file that is not there or has nothing begins anew", () => {
  for (const base of [undefined, "", "---\n", "# nothing\n", "{}", "null"]) {
    assertEquals(names(merge(base).text), ALONE, `${base}`);
  }
});

Deno.test("what is there stays, also what is unknown", () => {
  const { text, renames } = merge(MINE);
  assertEquals(renames, []);
  const kept = [
    "# Do not lose me.\nkind: Config\napiVersion: v1\n",
    "when: 2026-01-01, ",
    'yes: "no"',
    '- cluster: { server: "https://prod" } # over there\n  name: prod\n',
  ];
  for (const part of kept) assert(text.includes(part), `${part} in ${text}`);
  assertEquals(names(text), { ...ALONE, clusters: ["prod", "local"] });
});

Deno.test("the JSON of others is merged into", () => {
  const config = { clusters: [{ name: "prod", cluster: { a: [1] } }], b: null };
  const { text } = merge(JSON.stringify(config));
  assertEquals(names(text).clusters, ["prod", "local"]);
  assertEquals((parse(text) as typeof config).clusters[0], config.clusters[0]);
});

Deno.test("a name that is taken gets an index, in its references too", () => {
  let text: string | undefined;
  for (let turn = 0; turn < 3; turn++) text = merge(text).text;
  const user = ["admin@local", "admin@local-1", "admin@local-2"];
  assertEquals(names(text!), {
    clusters: ["local", "local-1", "local-2"],
    ...{ users: user, contexts: user, current: "admin@local-2" },
  });
  const { contexts } = parse(text!) as { contexts: unknown[] };
  assertEquals(contexts[2], {
    name: "admin@local-2",
    context: {
      cluster: "local-2",
      user: "admin@local-2",
      namespace: "default",
    },
  });
  const again = merge(MINE, { cluster: "prod" });
  assertEquals(again.renames, [{
    what: "cluster",
    from: "prod",
    to: "prod-1",
  }]);
});

Deno.test("force overwrites in place", () => {
  const other = { cluster: "other", server: "https://other" };
  const two = merge(merge(MINE).text, other).text;
  const { text, renames } = merge(two, { server: "https://new" }, true);
  assertEquals(renames, []);
  assertEquals(names(text).clusters, ["prod", "local", "other"]);
  assertEquals(names(text).current, "admin@local");
  assert(text.includes("https://new") && !text.includes(ACCESS.server));
});

Deno.test("text that looks like something else is quoted", () => {
  const odd = { cluster: "123", user: "true", context: "null" };
  assertEquals(names(merge(undefined, odd).text), {
    ...{ clusters: ["123"], users: ["true"], contexts: ["null"] },
    current: "null",
  });
});

Deno.test("what is no kubeconfig is refused", async (t) => {
  const cases: Record<string, [string, string]> = {
    "no map": ["- a", "kube:1:1: expected a map"],
    "a list that is none": ["clusters: a", "clusters: expected a list"],
    "an entry without a name": [
      "users: [{user: {}}]",
      "kube:1:9: users[0]: expected a name",
    ],
    "an alias": ["a: &x {}\nb: *x", "kube:2:4: it has aliases"],
    "a key twice": ["users: []\nusers: []", "not valid YAML"],
    "two documents": ["a: 1\n---\nb: 1", "more than 1 documents"],
    "too much": [`a: ${"x".repeat(4 << 20)}`, "larger than the limit"],
    "too deep": ["[".repeat(100), "nested deeper than 64 levels"],
  };
  for (const [name, [base, text]] of Object.entries(cases)) {
    await t.step(name, () => {
      assertThrows(() => merge(base), ConfigError, text);
    });
  }
});

Deno.test("withoutEntry takes away only what a merge added", async (t) => {
  const { text, entry } = merge(MINE);
  const without = (base: string) => withoutEntry(base, entry, FILE);
  await t.step("the rest stays, nothing else becomes current", () => {
    const left = without(text)!;
    const none = { users: [], contexts: [], current: "" };
    assertEquals(names(left), { ...none, clusters: ["prod"] });
    assert(left.startsWith("# Do not lose me."));
  });
  await t.step("another current context stays", () => {
    const base = text.replace(/^current-context: .*/m, "current-context: prod");
    assertEquals(names(without(base)!).current, "prod");
  });
  await t.step("a cluster of that name with another CA stays", () => {
    const other = merge(MINE, { ca: "b3RoZXI=" }).text;
    assertEquals(without(other), undefined);
  });
  await t.step("a context that was pointed elsewhere stays", () => {
    const base = text.replace("    cluster: local", "    cluster: prod");
    assertEquals(names(without(base)!), { ...ALONE, clusters: ["prod"] });
  });
  await t.step("what is gone is no matter", () => {
    assertEquals(without(MINE), undefined);
    assertEquals(without(""), undefined);
  });
});
