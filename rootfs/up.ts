/**
 * `deno task up`: from a fresh checkout to a local cluster of one control
 * plane and one worker, with Kubernetes. Every step says what it does; what is
 * done already takes no time.
 */
import { basename, join } from "@std/path";
import { chainOf } from "#lib/errors.ts";
import { build, ROOT } from "./build.ts";
import { IMAGES } from "./image_table.ts";
import { buildImages } from "./images.ts";
import { say } from "./components/progress.ts";
import { BUILD_TOOLS, CLUSTER_TOOLS, ensureTools } from "./components/tools.ts";

const OUT = join(ROOT, "_out");
const TALOSCTL = join(OUT, "bin", "talosctl");
const KUBECTL = join(OUT, "bin", "kubectl");
/** Processes below this are left out of the list. */
const LISTED_BYTES = 10_000_000;

/** What `cluster show -o json` says, as far as it is used here. */
interface Shown {
  readonly status: string;
  readonly nodes: readonly { readonly type: string; readonly ip: string }[];
}

const decoder = new TextDecoder();

/** Runs talosctl; its output is returned. */
async function quiet(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(TALOSCTL, {
    args,
    stdin: "null",
  }).output();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Runs talosctl for the user to see. */
async function loud(...args: string[]): Promise<number> {
  const child = new Deno.Command(TALOSCTL, { args, stdin: "null" }).spawn();
  return (await child.status).code;
}

async function shown(): Promise<Shown | undefined> {
  const { code, out } = await quiet("cluster", "show", "-o", "json");
  return code === 0 ? JSON.parse(out) : undefined;
}

function nextCommands({ nodes }: Shown): string {
  const all = nodes.map((node) => node.ip).join(",");
  const first = nodes[0]?.ip ?? "";
  return `
Try next, from any folder:
  ${KUBECTL} get nodes
  ${KUBECTL} get pods -A
  ${TALOSCTL} -n ${all} service
  ${TALOSCTL} -n ${first} health
  ${TALOSCTL} -n ${first} logs -k
  ${TALOSCTL} -n ${first} logs -f machined
and when you are done: npx -y deno@2.9.6 task down
`;
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** What `processes -o json` says, as far as it is used here. */
interface Listed {
  readonly messages: readonly {
    readonly metadata: { readonly hostname: string };
    readonly processes: readonly {
      readonly residentMemory: string;
      readonly executable: string;
      readonly args: string;
    }[];
  }[];
}

/** The larger processes of all nodes with what each holds in memory. */
async function printMemory({ nodes }: Shown): Promise<void> {
  const all = nodes.map((node) => node.ip).join(",");
  const { code, out, err } = await quiet(
    ...["-n", all, "processes", "-o", "json"],
  );
  if (code !== 0) return say(err.trim());
  const { messages }: Listed = JSON.parse(out);
  const rows = messages.flatMap(({ metadata, processes }) =>
    processes
      .map(({ residentMemory, executable, args }) => ({
        bytes: Number(residentMemory),
        what: nameOf(executable, args),
      }))
      .filter(({ bytes }) => bytes >= LISTED_BYTES)
      .toSorted((a, b) => b.bytes - a.bytes)
      .map(({ bytes, what }) =>
        `${metadata.hostname.padEnd(16)}${
          (bytes / 1e6).toFixed(0).padStart(5)
        } MB  ${what}\n`
      )
  );
  print(`\nMemory of processes, resident:\n${rows.join("")}`);
}

/** A program, and of ours which one it is. */
function nameOf(executable: string, args: string): string {
  const program = basename(executable);
  if (program !== "deno") return program;
  return /[^ ]+\.js( [a-z]+)?/.exec(args)?.[0] ?? program;
}

/** Tells how long each step took, and all of them. */
class Stages {
  readonly #began = performance.now();
  readonly #took: string[] = [];

  async run<T>(name: string, step: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await step();
    this.#took.push(`${name} ${secondsSince(began)}`);
    return result;
  }

  toString(): string {
    return `${this.#took.join(", ")}; together ${secondsSince(this.#began)}`;
  }
}

const secondsSince = (ms: number) =>
  `${((performance.now() - ms) / 1000).toFixed(1)} s`;

async function up(): Promise<number> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    say("A local cluster needs Linux on x86_64");
    return 1;
  }
  if (Deno.uid() !== 0) {
    say("A local cluster needs root: namespaces, mounts, a bridge");
    return 1;
  }
  const stages = new Stages();
  await stages.run(
    "tools",
    () => ensureTools([...BUILD_TOOLS, ...CLUSTER_TOOLS]),
  );
  await stages.run("image", build);
  await stages.run("container images", () => buildImages(OUT, IMAGES));
  const before = await shown();
  if (before?.status === "running") return await again(before);
  // What a creation that was cut short left is of no use.
  if (before && await loud("cluster", "destroy") !== 0) return 1;
  if (await stages.run("cluster", () => loud("cluster", "create")) !== 0) {
    return 1;
  }
  const after = await shown();
  if (after) {
    await printMemory(after);
    print(nextCommands(after));
  }
  say(`ready: ${stages}`);
  return 0;
}

/** The cluster is there; whether it is well. */
async function again(cluster: Shown): Promise<number> {
  const first = cluster.nodes[0]?.ip ?? "";
  if (await loud("-n", first, "health", "--wait-timeout=30s") === 0) {
    print(`The cluster is up already.\n${nextCommands(cluster)}`);
    return 0;
  }
  say(
    "The cluster is not well; see its nodes' console.log below ~/.talos/clusters, or begin anew: npx -y deno@2.9.6 task down",
  );
  return 1;
}

if (import.meta.main) {
  try {
    Deno.exit(await up());
  } catch (thrown) {
    say(chainOf(thrown));
    Deno.exit(1);
  }
}
