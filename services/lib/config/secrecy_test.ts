/** Whatever is wrong with a config, its secrets stay out of the problems. */
import { assert, assertEquals } from "@std/assert";
import { problemText } from "./problem.ts";
import { CONTROL_PLANE } from "./sample_configs.ts";
import { encode } from "./save.ts";
import { childPath, type Schema } from "./schema.ts";
import { decodeTalosconfig } from "./talosconfig.ts";
import { MACHINE_CONFIG, type MachineConfig } from "./v1alpha1/types.ts";
import { check } from "./validate.ts";

const CANARY = "c4n4ry";

/** Reports the texts of `yaml` that show the canary. */
function leaks(yaml: string): string[] {
  const { problems, warnings } = check(yaml, "metal");
  return [...problems, ...warnings].map((p) => problemText("f", p))
    .filter((text) => text.includes(CANARY));
}

/** The paths of all secrets of `schema`. */
function secretPaths(schema: Schema, path = ""): string[] {
  if (schema.secret) return [path];
  if (schema.kind === "list") return secretPaths(schema.item, `${path}[0]`);
  if (schema.kind === "map") return secretPaths(schema.value, `${path}.x`);
  if (schema.kind !== "object") return [];
  return Object.entries(schema.fields)
    .flatMap(([key, field]) => secretPaths(field, childPath(path, key)));
}

/** YAML in which `path` holds `value`, and nothing else is there. */
function yamlAt(path: string, value: string): string {
  return path.split(".").reduceRight((inner, key) => {
    const [, name, isList] = /^(.*?)(\[0\])?$/.exec(key)!;
    return `{${name}: ${isList ? `[${inner}]` : inner}}`;
  }, value);
}

Deno.test("secrets: of a wrong kind or shape, at every secret key", () => {
  const paths = secretPaths(MACHINE_CONFIG);
  assertEquals(paths.length, 14, paths.join(" "));
  for (const path of paths) {
    for (
      const value of [
        CANARY,
        `"${CANARY}"`,
        `[${CANARY}]`,
        `{${"a"}: ${CANARY}}`,
        `"${CANARY}\\nmore"`,
        `!!binary ${CANARY}`,
        `!${"x"} ${CANARY}`,
        `&a ${CANARY}`,
        `"\\x${CANARY}"`,
        `[${CANARY}`,
        `"${CANARY}`,
        `'${CANARY}`,
        `${CANARY}: {`,
        `@${CANARY}`,
      ]
    ) assertEquals(leaks(yamlAt(path, value)), [], `${path}: ${value}`);
    // In place of the map or list that should hold it.
    const parent = path.replace(/(\.[^.]+|\[0\])$/, "");
    assertEquals(leaks(yamlAt(parent, CANARY)), [], parent);
  }
});

Deno.test("secrets: in files with a slip of the keyboard on any line", () => {
  const config = {
    ...CONTROL_PLANE,
    machine: {
      ...CONTROL_PLANE.machine,
      token: CANARY,
      env: { PASSWORD: CANARY, OTHER: CANARY },
    },
    cluster: { ...CONTROL_PLANE.cluster, token: CANARY },
  } as unknown as MachineConfig;
  const lines = encode(config).split("\n");
  const slips: ((line: string) => string)[] = [
    (line) => line.replace(":", ""),
    (line) => line.replace(":", " "),
    (line) => line.replace(": ", ":"),
    (line) => `  ${line}`,
    (line) => line.slice(1),
    (line) => line.trimStart(),
    (line) => `\t${line}`,
    (line) => line.replace(": ", ': "'),
    (line) => line.replace(": ", ": ["),
    (line) => line.replace(": ", ": - "),
    (line) => line.replace(": ", ": *"),
    (line) => line.replace(": ", ": &"),
    (line) => line.replace(": ", ": |\n"),
    (line) => line.replace(/^( *)/, "$1- "),
    (line) => `${line}\n${line}`,
    (line) => line.replace(": ", "\n  : "),
    () => "",
  ];
  let checked = 0;
  for (const [index] of lines.entries()) {
    for (const [which, slip] of slips.entries()) {
      const changed = lines.map((l, i) => i === index ? slip(l) : l).join("\n");
      assertEquals(leaks(changed), [], `slip ${which} on line ${index + 1}`);
      checked++;
    }
  }
  assert(checked > 300, `${checked} slips`);
});

Deno.test("secrets: of a talosconfig", () => {
  const text =
    `context: a\ncontexts:\n  a:\n    crt: ${CANARY}\n    key: ${CANARY}\n`;
  const slips = [
    text.replace("key:", "key"),
    text.replace("key: ", "key: ["),
    text.replace("key: ", 'key: "'),
    text.replace("    key", "\tkey"),
    text.replace("key: ", "key: *"),
    text.replace("crt:", "crt"),
  ];
  for (const slip of slips) {
    try {
      decodeTalosconfig(slip);
    } catch (thrown) {
      assert(!String(thrown).includes(CANARY), String(thrown));
    }
  }
});
