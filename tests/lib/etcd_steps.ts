/** What three control planes show of `talosctl etcd`. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { TestCluster } from "./cluster.ts";
import { eventually } from "./eventually.ts";

const SETTLED_MS = 180_000;

/** `talosctl` on one node of `cluster`, for one test. */
class OnNode {
  readonly #cluster: TestCluster;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  async done(index: number, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#run(index, args);
    assertEquals(code, 0, `${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  async refused(index: number, args: string[], why: string): Promise<void> {
    const { code, stderr } = await this.#run(index, args);
    assertStringIncludes(stderr, why);
    assertEquals(code, 1);
  }

  /** Host names of the voters that node `index` knows. */
  async voters(index: number): Promise<string[]> {
    const [, ...rows] = (await this.done(index, "etcd", "members")).trim()
      .split("\n").map((row) => row.trim().split(/ {2,}/));
    return rows.filter((row) => row.at(-1) === "no").map((row) => row[2]!);
  }

  async untilVoters(index: number, count: number): Promise<void> {
    await eventually(
      async () => (await this.voters(index)).length === count,
      { withinMs: SETTLED_MS, what: `${count} voters` },
    );
  }

  /** The member and the leader that node `index` tells. */
  async status(index: number): Promise<{ member: string; leader: string }> {
    const row = (await this.done(index, "etcd", "status")).trim()
      .split("\n")[1]!.trim().split(/ {2,}/);
    return { member: row[1]!, leader: row[4]! };
  }

  #run(index: number, args: readonly string[]) {
    const node = this.#cluster.nodes[index]!;
    return this.#cluster.talosctl(["-n", node, ...args]);
  }
}

/** Of a cluster whose first three nodes are its control planes. */
export async function etcdSteps(
  t: Deno.TestContext,
  cluster: TestCluster,
): Promise<void> {
  const on = new OnNode(cluster);
  await on.untilVoters(0, 3);
  await t.step(
    "a second bootstrap is refused, and one of a worker",
    async () => {
      await on.refused(0, ["bootstrap"], "etcd data directory is not empty");
      await on.refused(2, ["bootstrap"], "etcd data directory is not empty");
      await on.refused(3, ["bootstrap"], "on a control plane node");
    },
  );
  await t.step("forfeit moves the leader", async () => {
    const all = await Promise.all([0, 1, 2].map((index) => on.status(index)));
    const from = all.findIndex(({ member, leader }) => member === leader);
    const told = await on.done(from, "etcd", "forfeit-leadership");
    const { member, leader } = await on.status(from);
    assertEquals(leader === member, false);
    const to = all.findIndex((one) => one.member === leader);
    assertStringIncludes(told, `${cluster.nodeName(to)} leads instead of`);
  });
  await t.step("one leaves; of the two that stay none may go", async () => {
    const left = cluster.nodeName(2);
    await on.done(2, "etcd", "leave");
    assertEquals((await on.voters(0)).includes(left), false);
    const why = "removing one of 2 members leaves 1 of the needed 2";
    const other = cluster.nodeName(1);
    await on.refused(0, ["etcd", "remove-member", other], why);
    await on.refused(1, ["etcd", "leave"], why);
    await on.refused(2, ["bootstrap"], "etcd has members already");
  });
  await t.step("and joins again when it is told to", async () => {
    await on.done(2, "service", "etcd", "start");
    await on.untilVoters(0, 3);
  });
}
