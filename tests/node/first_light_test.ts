/** Two nodes, one API: what a user does first, against a real cluster. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { TestCluster } from "#tests/cluster.ts";
import { eventually } from "#tests/eventually.ts";

/** The lines of a table whose first column is `node`. */
function rowsOf(table: string, node: string): string[] {
  return table.split("\n").filter((line) => line.split(/ +/)[0] === node);
}

Deno.test("first light", async (t) => {
  await using cluster = await TestCluster.create({
    name: "t-light",
    cidr: "10.5.101.0/24",
  });
  const both = ["-n", cluster.nodes.join(",")];
  const [control, worker] = cluster.nodes as [string, string];

  await t.step("each command prints a row for each node", async () => {
    for (const command of ["memory", "service", "processes", "mounts"]) {
      const { code, stdout, stderr } = await cluster.talosctl([
        ...both,
        command,
      ]);
      assertEquals([command, code, stderr], [command, 0, ""]);
      for (const node of cluster.nodes) {
        assertEquals(rowsOf(stdout, node).length > 0, true, command);
      }
    }
    const { stdout } = await cluster.talosctl([...both, "version"]);
    for (const node of cluster.nodes) assertStringIncludes(stdout, node);
  });

  await t.step("with no node named, the endpoint itself answers", async () => {
    const { code, stdout } = await cluster.talosctl([
      "--nodes=",
      "-e",
      control,
      "memory",
    ]);
    assertEquals(code, 0);
    assertEquals(rowsOf(stdout, control).length, 1);
  });

  await t.step("PID 1 is machined on a read-only root", async () => {
    const processes = await cluster.talosctl([
      "-n",
      worker,
      "processes",
      "-o",
      "json",
    ]);
    const init = JSON.parse(processes.stdout);
    assertStringIncludes(JSON.stringify(init), "/usr/lib/talos/machined.js");
    const mounts = await cluster.talosctl([
      "-n",
      worker,
      "read",
      "/proc/mounts",
    ]);
    assertMatch(mounts.stdout, /^\S+ \/ squashfs ro/m);
  });

  await t.step("logs -f follows, and Ctrl-C ends it clean", async () => {
    const child = new Deno.Command(
      "_out/bin/talosctl",
      {
        args: ["-n", control, "logs", "-f", "machined"],
        env: { TALOSCONFIG: cluster.talosconfig },
        stdout: "piped",
        stderr: "piped",
      },
    ).spawn();
    let seen = "";
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of child.stdout) {
        seen += decoder.decode(chunk, { stream: true });
      }
    })();
    await eventually(() => seen.includes(`${control}: `), { what: "a line" });
    const before = seen.length;
    await cluster.talosctl(["-n", control, "service", "timed", "restart"]);
    await eventually(() => seen.length > before, { what: "another line" });
    child.kill("SIGINT");
    const { code } = await child.status;
    await reading;
    const errors = await new Response(child.stderr).text();
    // 130 is what shells call an interrupt; there is nothing to say about it.
    assertEquals([code, errors], [130, ""]);
  });

  await t.step("a dead node is named, the other answers", async () => {
    const dead = control.replace(/\d+$/, "99");
    const { code, stdout, stderr } = await cluster.talosctl([
      "-n",
      `${control},${dead}`,
      "memory",
    ]);
    assertEquals(code, 3);
    assertEquals(rowsOf(stdout, control).length, 1);
    assertStringIncludes(stderr, dead);
  });

  await t.step("what has no handler yet says so", async () => {
    const { code, stderr } = await cluster.talosctl(["-n", control, "reboot"]);
    assertEquals(code === 0, false);
    assertEquals(stderr.includes("at "), false);
  });
});
