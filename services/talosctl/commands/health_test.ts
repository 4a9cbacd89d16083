/** `talosctl health` on a terminal, and how Ctrl-C leaves it. */
import { assertEquals } from "@std/assert";
import { FakeNode, runCli, talosconfigFor } from "#tests/talosctl.ts";
import { inTemp } from "#tests/in_temp.ts";

Deno.test("health: Ctrl-C leaves the line of a terminal behind", async () => {
  await using node = await FakeNode.start({
    answers: {
      "cluster.ClusterService/HealthCheck": [
        { message: "waiting for etcd to be healthy: ..." },
        { message: "waiting for etcd to be healthy: OK" },
        { message: "waiting for apid to be ready: ..." },
        "hold",
      ],
    },
  });
  await inTemp(async (dir) => {
    const talosconfig = `${dir}/talosconfig`;
    const text = await talosconfigFor(node.ca, { endpoints: [node.endpoint] });
    await Deno.writeTextFile(talosconfig, text);
    const stop = new AbortController();
    const { code, stdout, stderr } = await runCli(["health"], {
      env: { TALOSCONFIG: talosconfig },
      columns: 80,
      signal: stop.signal,
      onStderr: (said) => said.includes("apid") && stop.abort(),
    });
    assertEquals([code, stdout], [130, ""]);
    assertEquals(
      stderr,
      "waiting for etcd to be healthy: ..." +
        "\r\x1b[Kwaiting for etcd to be healthy: OK" +
        "\nwaiting for apid to be ready: ...\n",
    );
  });
});

Deno.test("health: the client's own look ends with condition and reason", async () => {
  const services = [{ id: "etcd", state: "Failed", health: {} }];
  await using node = await FakeNode.start({
    answers: {
      "machine.MachineService/ServiceList": { messages: [{ services }] },
    },
  });
  await inTemp(async (dir) => {
    const talosconfig = `${dir}/talosconfig`;
    const text = await talosconfigFor(node.ca, { endpoints: [node.endpoint] });
    await Deno.writeTextFile(talosconfig, text);
    const { code, stdout, stderr } = await runCli(
      ["health", "--server=false", "--init-node=10.5.0.2", "--wait-timeout=1s"],
      { env: { TALOSCONFIG: talosconfig } },
    );
    assertEquals([code, stdout], [7, ""]);
    assertEquals(stderr.split("\n"), [
      'discovered nodes: control plane: ["10.5.0.2"], worker: []',
      "waiting for etcd to be healthy: ...",
      "waiting for etcd to be healthy: 10.5.0.2: etcd is Failed",
      'error: Cannot run "talosctl health": waiting for etcd to be healthy: ' +
      "10.5.0.2: etcd is Failed; allow more time with --wait-timeout",
      "",
    ]);
  });
});
