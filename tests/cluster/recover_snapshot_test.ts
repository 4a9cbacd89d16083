/**
 * A cluster loses what etcd had on disk, and comes back from a snapshot as it
 * was when that was taken. In the short form it has one control plane; with
 * `--full` there are three, and all of their disks are lost.
 */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { loadTalosconfig } from "#lib/config/mod.ts";
import { RpcError } from "#lib/rpc/status.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { withApi } from "#tests/api_client.ts";
import { eventually } from "#tests/eventually.ts";
import { identityOf } from "#tests/identity.ts";
import { KubeCluster } from "#tests/kube_cluster.ts";
import { AGNHOST } from "../../rootfs/image_table.ts";

const FULL = Deno.env.get("TALOS_TEST_FULL") === "1";
const MASTERS = FULL ? 3 : 1;
const READY_MS = 240_000;

function configMap(name: string) {
  const data = { written: name };
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
}

/** Runs wherever there is a kubelet. */
function pod(name: string) {
  const tolerations = [{ operator: "Exists" }];
  const containers = [{ name, image: AGNHOST, args: ["pause"] }];
  return {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name } },
    spec: { tolerations, containers },
  };
}

/** A talosctl command for the first node. */
async function onNode({ cluster }: KubeCluster, ...args: string[]) {
  return await cluster.talosctl(["-n", cluster.nodes[0]!, ...args]);
}

async function succeeds(kube: KubeCluster, ...args: string[]) {
  const { code, stdout, stderr } = await onNode(kube, ...args);
  assertEquals(code, 0, stderr);
  return stdout;
}

async function refuses(kube: KubeCluster, args: string[], text: string) {
  const { code, stderr } = await onNode(kube, ...args);
  assert(code !== 0, `${args.join(" ")} was not refused`);
  assertStringIncludes(stderr, text);
}

/** A damaged snapshot past talosctl, which would look at it first. */
async function refusesUpload({ cluster }: KubeCluster, bytes: Uint8Array) {
  const tls = identityOf(await loadTalosconfig(cluster.talosconfig));
  const target = { host: cluster.nodes[0]!, tls };
  await withApi(MachineService, target, async (client) => {
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += 100_000) {
        yield await Promise.resolve({
          bytes: bytes.subarray(at, at + 100_000),
        });
      }
    }
    const refused = (text: string) =>
      assertRejects(
        () => client.bootstrap({ recoverEtcd: true }),
        RpcError,
        text,
      );
    await refused("no snapshot has been uploaded");
    await client.etcdRecover(pieces());
    await refused("the snapshot is damaged");
  });
}

async function untilReady(kube: KubeCluster): Promise<void> {
  await eventually(() => kube.nodes(), { withinMs: READY_MS });
  await kube.untilReady(MASTERS, READY_MS);
}

/** What etcd had is gone from all nodes, which know nothing of it. */
async function losesData({ cluster }: KubeCluster): Promise<void> {
  const all = Array.from({ length: MASTERS }, (_, index) => index);
  await Promise.all(all.map((index) => cluster.kill(index)));
  for (const index of all) {
    const disk = cluster.varPath(index);
    const path = FULL ? disk : `${disk}/lib/etcd`;
    await Deno.remove(path, { recursive: true });
    await Deno.mkdir(path);
  }
}

/** Starts what does not run; resolves when the first node answers. */
async function starts(kube: KubeCluster): Promise<void> {
  await kube.cluster.start();
  await eventually(
    async () => (await onNode(kube, "service", "etcd")).code === 0,
    { withinMs: 60_000, what: "the API of the node" },
  );
}

Deno.test("a cluster comes back from a snapshot", async (t) => {
  await using kube = await KubeCluster.create({
    name: "t-recover",
    cidr: "10.5.122.0/24",
    masters: MASTERS,
    workers: 0,
  });
  const { cluster } = kube;
  const snapshot = `${cluster.talosconfig}.snapshot`;
  const damaged = `${snapshot}.damaged`;
  const recover = ["bootstrap", "--recover-from", snapshot];

  await t.step("a snapshot is taken", async () => {
    await kube.apply(configMap("before"));
    await succeeds(kube, "etcd", "snapshot", snapshot);
    await kube.apply(configMap("after"));
  });

  await t.step("one flipped byte is refused where it is read", async () => {
    const bytes = await Deno.readFile(snapshot);
    bytes[bytes.length >> 1]! ^= 1;
    await Deno.writeFile(damaged, bytes);
    const args = ["bootstrap", "--recover-from", damaged];
    await refuses(kube, args, "the snapshot is damaged: SHA-256");
  });

  await t.step("a node with data refuses the best snapshot", async () => {
    await refuses(kube, recover, "etcd data directory is not empty");
    await kube.kubectl("get", "configmap", "after");
  });

  await t.step("the data are lost, the node comes back without", async () => {
    await losesData(kube);
    await starts(kube);
  });

  await t.step("nothing and a flipped byte are refused by it", async () => {
    await refusesUpload(kube, await Deno.readFile(damaged));
  });

  await t.step("what cannot be restored is told by etcd", async () => {
    const database = (await Deno.readFile(snapshot)).subarray(0, 64 << 10);
    // Both of its first pages say where everything is.
    database.fill(0xff, 20, 8 << 10);
    await Deno.writeFile(damaged, database);
    const args = ["bootstrap", "--recover-from", damaged];
    await succeeds(kube, ...args, "--recover-skip-hash-check");
    await eventually(async () => {
      const said = await succeeds(kube, "service", "etcd");
      return /Cannot restore the snapshot: etcdutl ended with .+: /.test(said);
    }, { withinMs: 120_000, what: "the reason" });
  });

  await t.step("the snapshot brings all back that was in it", async () => {
    const { stderr } = await onNode(kube, ...recover);
    assertStringIncludes(stderr, "uploading the snapshot: OK");
    // It was promised: whatever happens to the node now, it does it.
    await cluster.kill(0);
    await starts(kube);
    await untilReady(kube);
    await kube.kubectl("get", "configmap", "before");
    const { code } = await kube.try(["get", "configmap", "after"]);
    assert(code !== 0, "what was written after the snapshot is there");
    // That the node is Ready may be a memory of the snapshot.
    await kube.apply(pod("anew"));
    const ready = ["wait", "--for=condition=Ready", "pod/anew"];
    await eventually(() => kube.kubectl(...ready, "--timeout=20s"), {
      withinMs: READY_MS,
    });
    await refuses(kube, recover, "etcd data directory is not empty");
    await eventually(async () => {
      const members = await succeeds(kube, "etcd", "members");
      return members.split("https://").length === 1 + 2 * MASTERS;
    }, { withinMs: READY_MS, what: "all members" });
    const files = await succeeds(kube, "list", "/var/lib/etcd");
    assertEquals(/snapshot|restore/.test(files), false, files);
  });
});
