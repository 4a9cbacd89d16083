/**
 * Golden tests of talosctl: each folder `<verb>/<case>/` has a `test.json`
 * with the arguments, what the pretend node answers and what it must have
 * been asked, and the expected output of each format in `table.out`,
 * `json.out`, `yaml.out` and `stderr.out`. `TALOS_UPDATE=1 deno test -A
 * tests/specs` writes the outputs anew, to be read before they are committed.
 *
 * `$DIR` in arguments and outputs is a folder of the test's own that begins as
 * a copy of the case's `in/`; `$NODE` is the node's endpoint.
 */
import { assertEquals } from "@std/assert";
import type { JsonValue } from "@bufbuild/protobuf";
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import {
  type Answer,
  FakeNode,
  makeCa,
  runCli,
  type Seen,
  talosconfigFor,
} from "#tests/talosctl.ts";

interface Spec {
  readonly args: readonly string[];
  /** By `machine.MachineService/Version`; none: no node is started. */
  readonly answers?: Record<string, Answer>;
  /** What the node must have been asked, in order. */
  readonly asked?: readonly (Omit<Seen, "nodes"> & { nodes?: string[] })[];
  readonly code?: number;
  /** The clock, RFC 3339. */
  readonly now?: string;
  readonly formats?: readonly string[];
  /** Files of $DIR that are compared with `<name>.out`. */
  readonly files?: readonly string[];
}

const ROOT = dirname(fileURLToPath(import.meta.url));
const UPDATE = Deno.env.get("TALOS_UPDATE") === "1";
const NOW = "2026-03-04T05:06:07Z";
const ca = await makeCa();

async function entries(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(path)) names.push(entry.name);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
  return names.sort();
}

/** Compares `text` with the file, which does not exist when it is empty. */
async function golden(path: string, text: string): Promise<void> {
  const wanted = await Deno.readTextFile(path).catch(() => "");
  if (!UPDATE) return assertEquals(text, wanted, `not as ${path}:\n${text}`);
  if (text !== "") await Deno.writeTextFile(path, text);
  else if (wanted !== "") await Deno.remove(path);
}

async function runFormat(dir: string, spec: Spec, format: string) {
  const folder = await Deno.makeTempDir();
  await using node = spec.answers &&
    await FakeNode.start({ ca, answers: spec.answers });
  try {
    for (const name of await entries(join(dir, "in"))) {
      await Deno.copyFile(join(dir, "in", name), join(folder, name));
    }
    const talosconfig = join(folder, "talosconfig");
    if (node) {
      const text = await talosconfigFor(ca, { endpoints: [node.endpoint] });
      await Deno.writeTextFile(talosconfig, text);
    }
    const fill = (text: string) =>
      text.replaceAll("$DIR", folder)
        .replaceAll("$NODE", node?.endpoint ?? "$NODE");
    const plain = (text: string) =>
      text.replaceAll(folder, "$DIR")
        .replaceAll(node?.endpoint ?? "$NODE", "$NODE");
    const got = await runCli(
      [...spec.args.map(fill), ...format === "table" ? [] : ["-o", format]],
      {
        env: { TALOSCONFIG: talosconfig, HOME: folder },
        now: Date.parse(spec.now ?? NOW),
      },
    );
    await golden(join(dir, `${format}.out`), plain(got.stdout));
    await golden(join(dir, "stderr.out"), plain(got.stderr));
    assertEquals(got.code, spec.code ?? 0, got.stderr);
    if (spec.asked) {
      const asked = spec.asked.map((one) => ({ nodes: [], ...one }));
      assertEquals(node?.seen as unknown as JsonValue, asked as never);
    }
    for (const name of spec.files ?? []) {
      const text = await Deno.readTextFile(join(folder, name));
      await golden(join(dir, `${name}.out`), plain(text));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const verb of await entries(ROOT)) {
  for (const name of await entries(join(ROOT, verb)).catch(() => [])) {
    const dir = join(ROOT, verb, name);
    Deno.test(`talosctl ${verb}: ${name}`, async (t) => {
      const spec: Spec = JSON.parse(
        await Deno.readTextFile(join(dir, "test.json")),
      );
      for (const format of spec.formats ?? ["table", "json", "yaml"]) {
        await t.step(format, () => runFormat(dir, spec, format));
      }
    });
  }
}
