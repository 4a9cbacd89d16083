/** Manifests of others: read within limits, refused with a place. */
import { assertEquals, assertThrows } from "@std/assert";
import { ManifestError, readManifest } from "./manifests.ts";

const URL = "https://example.org/a.yaml";
const read = (text: string) =>
  readManifest(URL, new TextEncoder().encode(text));

const object = (name: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

Deno.test("manifest: documents, empty ones, lists taken apart", () => {
  const text = `---\n${object("a")}---\n---\napiVersion: v1\nkind: List\n` +
    `items:\n- {apiVersion: v1, kind: Node, metadata: {name: b}, n: 7}\n`;
  assertEquals(
    read(text).map(({ kind, metadata, n }) => [kind, metadata.name, n]),
    [["ConfigMap", "a", undefined], ["Node", "b", 7]],
  );
});

Deno.test("manifest: what is refused says why", () => {
  const cases: [string, string][] = [
    ["a: [", "1: "],
    ["kind: Node\n", "an object without apiVersion, kind, name"],
    ["- 1\n", "an object without apiVersion, kind, name"],
    [`${object("a")}data: {x: &a 1, y: *a}\n`, "it has aliases"],
    ["[".repeat(100), "nested deeper"],
    ["a: b\n".repeat(1 << 20), "larger than"],
  ];
  for (const [text, why] of cases) {
    assertThrows(() => read(text), ManifestError, why);
  }
});
