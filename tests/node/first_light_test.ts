/** Two nodes, one API: what a user does first, against a real cluster. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromBinary } from "@bufbuild/protobuf";
import { loadTalosconfig } from "#lib/config/mod.ts";
import { unhex } from "#lib/http2/test_wire.ts";
import { PORTS } from "#lib/paths.ts";
import type { ServiceClient } from "#lib/rpc/call.ts";
import { messageOf } from "#lib/errors.ts";
import { MachineService, VersionResponseSchema } from "#proto/machine_pb.ts";
import { withApi } from "#tests/api_client.ts";
import { identityOf } from "#tests/identity.ts";
import { peerCall } from "#tests/peer.ts";
import { TestCluster } from "#tests/cluster.ts";
import { eventually } from "#tests/eventually.ts";

type Client = ServiceClient<typeof MachineService>;

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

  for (const peer of ["seed", "current"] as const) {
    await t.step(`a ${peer} grpc-go client reads from both`, async () => {
      const dir = await Deno.makeTempDir();
      const tls = identityOf(await loadTalosconfig(cluster.talosconfig));
      const files = { ca: tls.ca!, crt: tls.crt!, key: tls.key! };
      for (const [name, pem] of Object.entries(files)) {
        await Deno.writeTextFile(`${dir}/${name}`, pem);
      }
      const { code, messages } = await peerCall({
        endpoints: `${control}:${PORTS.apid}`,
        nodes: cluster.nodes.join(","),
        ca: `${dir}/ca`,
        crt: `${dir}/crt`,
        key: `${dir}/key`,
      }, peer);
      await Deno.remove(dir, { recursive: true });
      assertEquals(code, 0);
      const reply = fromBinary(VersionResponseSchema, unhex(messages[0]!));
      assertEquals(
        reply.messages.map(({ metadata }) => metadata!.hostname).sort(),
        cluster.nodes,
      );
    });
  }

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

  await t.step(
    "what a container cannot do, and what is not there yet",
    async () => {
      const tls = identityOf(await loadTalosconfig(cluster.talosconfig));
      const answer = (use: (client: Client) => Promise<unknown>) =>
        withApi(MachineService, { host: control, tls }, use)
          .then(() => "answered", messageOf);
      const refused = "method is not supported in container mode";
      assertStringIncludes(
        await answer((client) => client.reboot({})),
        refused,
      );
      assertStringIncludes(
        await answer((client) => client.upgrade({})),
        refused,
      );
      assertStringIncludes(
        await answer((client) => client.diskStats({})),
        "code = Unimplemented",
      );
    },
  );
});
