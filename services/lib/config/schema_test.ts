/** The schema itself: every key documented, every example good. */
import { assert, assertEquals } from "@std/assert";
import { encodeValue, exampleOf, keyDocs } from "./encode.ts";
import { decode } from "./load.ts";
import { CONTROL_PLANE, fullSample } from "./sample_configs.ts";
import { encode } from "./save.ts";
import { childPath, type Schema } from "./schema.ts";
import { isConfigPath } from "./select.ts";
import { MACHINE_CONFIG, type MachineConfig } from "./v1alpha1/types.ts";
import { check, validate } from "./validate.ts";

/** Calls back for each key of `schema`. */
function eachKey(
  schema: Schema,
  visit: (path: string, field: Schema) => void,
  path = "",
): void {
  if (schema.kind === "list") eachKey(schema.item, visit, `${path}[]`);
  if (schema.kind === "map") eachKey(schema.value, visit, `${path}.*`);
  if (schema.kind !== "object") return;
  for (const [key, field] of Object.entries(schema.fields)) {
    const at = childPath(path, key);
    visit(at, field);
    eachKey(field, visit, at);
  }
}

Deno.test("schema: every key says what it means, in one sentence", () => {
  const bad: string[] = [];
  eachKey(MACHINE_CONFIG, (path, { doc = "" }) => {
    if (!/^[A-Z].*\.$/.test(doc) || doc.includes("\n")) bad.push(path);
  });
  assertEquals(bad, []);
});

Deno.test("schema: the keys of the reference, no more and no fewer", async () => {
  const path = new URL("./v1alpha1/keys.snapshot.txt", import.meta.url);
  const keys = keyDocs(MACHINE_CONFIG).map(({ path, kind, default: d }) =>
    `${path} ${kind}${d === undefined ? "" : ` ${JSON.stringify(d)}`}\n`
  ).join("");
  if (Deno.env.get("UPDATE_SNAPSHOTS")) await Deno.writeTextFile(path, keys);
  assertEquals(keys, await Deno.readTextFile(path));
});

Deno.test("schema: every example and default is valid", () => {
  const bad: string[] = [];
  eachKey(MACHINE_CONFIG, (path, field) => {
    const example = exampleOf(field);
    if (example === undefined) return;
    const schema = { kind: "object", fields: { field } } as const;
    const text = encodeValue(schema, { field: example });
    assert(text.includes("field:"), path);
    // Put at its place in a whole config, so that formats are checked too.
    if (path.includes("[") || path.includes("*")) return;
    const config = path.split(".").reduceRight<unknown>(
      (value, key) => ({ [key]: value }),
      example,
    ) as MachineConfig;
    const decoded = decode(encode(config));
    const problems = [
      ...decoded.problems,
      ...validate(decoded.config, "cloud").problems
        .filter(({ message }) => !message.startsWith("required")),
    ];
    bad.push(...problems.map((p) => `${path}: ${p.path}: ${p.message}`));
    assertEquals(decoded.config, config);
  });
  assertEquals(bad, []);
});

Deno.test("schema: a config with every key survives encode and decode", () => {
  const full = fullSample(MACHINE_CONFIG) as MachineConfig;
  for (const comments of [false, true]) {
    const text = encode(full, { comments });
    const decoded = decode(text);
    assertEquals(decoded.problems, []);
    assertEquals(decoded.config, full);
    assertEquals(encode(decoded.config, { comments }), text);
  }
  // Nothing was left out of the sample.
  let keys = 0;
  eachKey(MACHINE_CONFIG, () => keys++);
  assert(keys > 150, `${keys} keys`);
});

Deno.test("schema: commented examples decode when they are uncommented", () => {
  const text = encode(CONTROL_PLANE as MachineConfig, { comments: true });
  const opened = text.split("\n")
    .filter((line) => !/^\s*## |^\s*# [A-Z].*\.$/.test(line))
    .map((line) => line.replace(/^(\s*)# ?/, "$1"))
    .join("\n");
  const { config, problems } = check(opened, "metal");
  assertEquals(problems, [], opened);
  assertEquals(config.machine?.network?.nameservers, ["1.1.1.1", "8.8.8.8"]);
  assertEquals(config.cluster?.etcd?.extraArgs, {
    "quota-backend-bytes": "4294967296",
  });
});

Deno.test("schema: paths of manifests", () => {
  for (
    const [path, known] of [
      ["machine.time", true],
      ["machine.registries.mirrors.x.endpoints", true],
      ["machine.tyme", false],
      ["machine.time.disabled.more", false],
      ["machine.toString", false],
    ] as const
  ) assertEquals(isConfigPath(path), known, path);
});
