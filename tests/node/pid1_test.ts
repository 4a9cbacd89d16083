/**
 * machined as PID 1 of a real node: orphans, signals, a config by the API, the
 * end. One node of the image, without apid in between: calls go to machined's
 * own socket.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { encode, type MachineConfig } from "#lib/config/mod.ts";
import { generateCa } from "#lib/pki/mod.ts";
import { connect, createClient } from "#lib/rpc/client.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { run } from "#lib/command.ts";
import { BUILT } from "#tests/built_image.ts";
import { eventually } from "#tests/eventually.ts";
import { ContainerProvisioner } from "../../services/talosctl/provision/container.ts";
import { planCluster } from "../../services/talosctl/provision/plan.ts";

const STATE = "/var/tmp/talos-tests/pid1";
const NAME = "pid1";
const CIDR = "10.91.9.0/24";

/** A node without a config, its PID 1 and a client of its machined. */
async function withNode(
  check: (node: Node) => Promise<void>,
): Promise<void> {
  const provisioner = new ContainerProvisioner(STATE);
  const say = () => {};
  await Deno.mkdir(STATE, { recursive: true });
  await provisioner.destroy(NAME, say);
  const plan = planCluster({
    name: NAME,
    cidr: CIDR,
    mtu: 1400,
    masters: 1,
    workers: 0,
  });
  const nodes = plan.nodes.map((node) => ({
    ...node,
    memoryMiB: 1024,
    cpus: 2,
    config: "",
  }));
  try {
    await provisioner.create({ ...plan, ...BUILT, nodes }, say);
    const directory = join(STATE, NAME, plan.nodes[0]!.name);
    await check(new Node(directory));
  } finally {
    await provisioner.destroy(NAME, say);
    await Deno.remove(STATE, { recursive: true });
  }
}

class Node {
  readonly pid: number;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.pid = Number(
      Deno.readTextFileSync(join(directory, "bundle", "pid")),
    );
  }

  console(): Promise<string> {
    return Deno.readTextFile(join(this.#directory, "console.log"));
  }

  async said(text: string): Promise<void> {
    await eventually(
      async () => (await this.console()).includes(text),
      { withinMs: 30_000, what: `console with ${JSON.stringify(text)}` },
    );
  }

  alive(): boolean {
    try {
      return !/^\d+ \(.*\) [ZX]/.test(
        Deno.readTextFileSync(`/proc/${this.pid}/stat`),
      );
    } catch {
      return false;
    }
  }

  /** Children of PID 1 in state `state`. */
  async children(state: string): Promise<number> {
    const pids = ["ps", "-o", "stat=", "--ppid", String(this.pid)];
    // ps fails when there are none.
    const text = await run(pids).catch(() => "");
    return text.split("\n").filter((line) => line.startsWith(state)).length;
  }

  /** Calls machined as an admin would through apid. */
  async call<T>(
    use: (client: ReturnType<typeof clientOf>) => Promise<T>,
  ): Promise<T> {
    const channel = connect({
      target: {
        socket: `/proc/${this.pid}/root/system/run/machined/machine.sock`,
      },
      metadata: { "talos-role": "os:admin" },
    });
    try {
      return await use(clientOf(channel));
    } finally {
      channel.close();
    }
  }
}

function clientOf(channel: ReturnType<typeof connect>) {
  return createClient(MachineService, channel);
}

async function someConfig(): Promise<Uint8Array> {
  const ca = await generateCa({ kind: "machine" });
  const config = {
    version: "v1alpha1",
    machine: { type: "controlplane", token: "abcdef.0123456789abcdef", ca },
    cluster: {
      clusterName: "c",
      controlPlane: { endpoint: "https://10.91.9.2:6443" },
      token: "abcdef.0123456789abcdef",
      aescbcEncryptionSecret: btoa("k".repeat(32)),
      ca,
      etcd: { ca },
    },
  };
  return new TextEncoder().encode(encode(config as MachineConfig));
}

Deno.test("PID 1 reaps, ignores, takes a config by the API, and ends by SIGTERM only", async (t) => {
  await withNode(async (node) => {
    await t.step("a node without a config waits for one", async () => {
      await node.said("no machine config: waiting for one by the API");
    });

    await t.step(
      "orphans are reaped, and children keep their status",
      async () => {
        // The shell joins the node's pid namespace; what it leaves is PID 1's.
        const shell = "for i in 1 2 3 4 5 6 7 8; do sleep 0.1 & done";
        await run([
          "nsenter",
          "-t",
          `${node.pid}`,
          "-p",
          "--",
          "sh",
          "-c",
          shell,
        ]);
        await eventually(async () =>
          (await node.console()).match(/reaped orphan/g)?.length === 8
        );
        assertEquals(await node.children("Z"), 0);
        // The inspect child is PID 1's own: its end must be seen as such.
        const processes = await node.call((client) => client.processes({}));
        assert(processes.messages[0]!.processes.length > 2);
      },
    );

    await t.step("signals that mean nothing end nothing", async () => {
      for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const) {
        Deno.kill(node.pid, signal);
        await node.said(`${signal} ignored`);
      }
      assert(node.alive());
    });

    await t.step(
      "a bad config is refused, a good one boots the node",
      async () => {
        const data = new TextEncoder().encode("machine: {tpye: join}\n");
        const refused = await node.call((client) =>
          client.applyConfiguration({ data }).then(() => "", String)
        );
        assertMatch(refused, /1:11: machine: unknown key "tpye"/);
        const good = { data: await someConfig() };
        await node.call((client) => client.applyConfiguration(good));
        await node.said("boot sequence: 9 phase(s)");
      },
    );

    await t.step(
      "SIGTERM runs the shutdown sequence, then PID 1 is gone",
      async () => {
        Deno.kill(node.pid, "SIGTERM");
        await eventually(() => !node.alive(), { withinMs: 60_000 });
        const console = await node.console();
        assertMatch(console, /shutdown: SIGTERM/);
        assertMatch(console, /info shutdown complete/);
      },
    );
  });
});
