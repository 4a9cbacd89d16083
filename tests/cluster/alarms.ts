/** An alarm of etcd keeps the cluster from changing until it is ended. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "#lib/clock.ts";
import { HOUR_MS } from "#lib/pki/mod.ts";
import { connect, createClient } from "#lib/rpc/client.ts";
import {
  AlarmRequest_AlarmAction,
  AlarmType,
  Maintenance,
} from "#proto/etcd_pb.ts";
import { eventually } from "#tests/eventually.ts";
import type { KubeCluster } from "#tests/kube_cluster.ts";
import { ETCD_PORTS } from "../../services/machined/etcd/paths.ts";
import { etcdCa, issueEtcdClient } from "../../services/machined/etcd/pki.ts";

const SOON_MS = 20_000;

/** As a member does that has no space left. */
async function raise({ cluster, config }: KubeCluster): Promise<void> {
  const life = { validityMs: HOUR_MS, clock: systemClock };
  const pair = await issueEtcdClient({ config }, life);
  const channel = connect({
    target: { host: cluster.nodes[0]!, port: ETCD_PORTS.client },
    tls: { ca: etcdCa({ config }).crt, ...pair },
  });
  try {
    const client = createClient(Maintenance, channel);
    const { header } = await client.status({});
    await client.alarm({
      action: AlarmRequest_AlarmAction.ACTIVATE,
      memberID: header!.memberId,
      alarm: AlarmType.NOSPACE,
    });
  } finally {
    channel.close();
  }
}

/** It is listed, and ended, and then there is none. */
export async function disarmsAlarms(kube: KubeCluster): Promise<void> {
  const { cluster } = kube;
  const alarm = async (verb: string) => {
    const { code, stdout, stderr } = await cluster.talosctl(
      ["-n", cluster.nodes[0]!, "etcd", "alarm", verb],
    );
    assertEquals(code, 0, stderr);
    return stdout;
  };
  const write = () =>
    kube.try(["create", "configmap", "alarm", "--from-literal=a=b"]);
  assertEquals((await alarm("list")).includes("NOSPACE"), false);
  await raise(kube);
  assertStringIncludes(await alarm("list"), "NOSPACE");
  const refused = await write();
  assert(refused.code !== 0, "etcd took a change");
  assertStringIncludes(refused.stderr, "database space exceeded");
  assertStringIncludes(await alarm("disarm"), "NOSPACE");
  assertEquals((await alarm("list")).includes("NOSPACE"), false);
  await eventually(async () => (await write()).code === 0, {
    ...{ withinMs: SOON_MS, what: "changes are taken again" },
  });
}
