/**
 * `deno task up`: from a fresh checkout to a local cluster of one control
 * plane and one worker. Every step says what it does; what is done already
 * takes no time.
 */
import { join } from "@std/path";
import { chainOf } from "#lib/errors.ts";
import { build, ROOT } from "./build.ts";
import { say } from "./components/progress.ts";
import { BUILD_TOOLS, CLUSTER_TOOLS, ensureTools } from "./components/tools.ts";

const TALOSCTL = join(ROOT, "_out", "bin", "talosctl");

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
  ${TALOSCTL} -n ${all} version
  ${TALOSCTL} -n ${all} service
  ${TALOSCTL} -n ${all} memory
  ${TALOSCTL} -n ${first} logs -f machined
  ${TALOSCTL} -n ${first} dmesg -f
and when you are done: npx -y deno@2.9.6 task down
`;
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** Whether every node of the cluster answers. */
async function answers({ nodes }: Shown): Promise<boolean> {
  const all = nodes.map((node) => node.ip).join(",");
  const { code } = await quiet("-n", all, "--timeout", "10s", "version");
  return code === 0;
}

async function up(): Promise<number> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") {
    say("A local cluster needs Linux on x86_64");
    return 1;
  }
  if (Deno.uid() !== 0) {
    say("A local cluster needs root: namespaces, mounts, a bridge");
    return 1;
  }
  await ensureTools([...BUILD_TOOLS, ...CLUSTER_TOOLS]);
  await build();
  const before = await shown();
  if (before?.status === "running") {
    if (await answers(before)) {
      print(`The cluster is up already.\n${nextCommands(before)}`);
      return 0;
    }
    say(
      "The cluster does not answer; see its nodes' console.log below ~/.talos/clusters, or begin anew: npx -y deno@2.9.6 task down",
    );
    return 1;
  }
  // What a creation that was cut short left is of no use.
  if (before && await loud("cluster", "destroy") !== 0) return 1;
  if (await loud("cluster", "create", "--with-init-node") !== 0) return 1;
  const after = await shown();
  if (after) print(nextCommands(after));
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await up());
  } catch (thrown) {
    say(chainOf(thrown));
    Deno.exit(1);
  }
}
