/** Values change in the source of a config, and nothing beside them. */
import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { edited, EditError } from "./edit.ts";
import { decode } from "./load.ts";

const IMAGE = { "cluster.apiServer.image": "registry.k8s.io/a:v2" };

function edit(source: string, values: Record<string, string> = IMAGE): string {
  return new TextDecoder().decode(
    edited(new TextEncoder().encode(source), values),
  );
}

Deno.test("edit: a value is replaced, the rest stays as it was written", () => {
  const rest = (image: string) =>
    `# of the north site
version: v1alpha1
machine:
    type: controlplane # one of three
    token: "a: b"
    sysctls: { x: "1" }
cluster:
    apiServer:
        # pinned
        image: ${image} # see the runbook
        extraArgs:
            v: 012
`;
  assertEquals(
    edit(rest("registry.k8s.io/a:v1")),
    rest(Object.values(IMAGE)[0]!),
  );
});

Deno.test("edit: a section that is absent or empty is made", () => {
  for (
    const cluster of [
      "",
      "cluster:\n",
      "cluster: {}\n",
      "cluster:\n  apiServer:\n",
    ]
  ) {
    const { config } = decode(edit(`machine:\n  type: join\n${cluster}`));
    assertEquals(config, {
      machine: { type: "join" },
      cluster: { apiServer: { image: "registry.k8s.io/a:v2" } },
    });
  }
});

Deno.test("edit: an envelope, gzip and other documents", () => {
  const envelope = (image: string) =>
    `kind: v1alpha1
version: v1alpha1
spec:
    machine:
        type: join
    cluster:
        apiServer:
            image: ${image}
`;
  const after = envelope("registry.k8s.io/a:v2");
  assertEquals(edit(envelope("x:v1")), after);
  const packed = gzipSync(new TextEncoder().encode(envelope("x:v1")));
  assertEquals(new TextDecoder().decode(edited(packed, IMAGE)), after);
  assertEquals(edit(`other: 1\n---\n${envelope("x:v1")}`), `---\n${after}`);
});

Deno.test("edit: what is shared with others is refused", () => {
  const check = (cluster: string) =>
    assertThrows(
      () => edit(`machine:\n  type: join\ncluster:\n${cluster}`),
      EditError,
      "in the machine config: it is written as an alias, or shared",
    );
  check(
    "  scheduler: &s\n    image: x:v1\n  apiServer: *s\n",
  );
  check(
    "  apiServer:\n    image: &i x:v1\n  scheduler:\n    image: *i\n",
  );
  check("  apiServer: [1]\n");
});
