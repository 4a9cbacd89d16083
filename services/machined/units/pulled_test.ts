/** Services of pulled images: the image first, then what they wait for. */
import { assertEquals } from "@std/assert";
import type { Containerd } from "#lib/containerd/client.ts";
import { imageSpec } from "#lib/containerd/image_spec.ts";
import { ServiceLogs } from "#lib/log_store.ts";
import { Images } from "../images.ts";
import { FakeClock } from "../supervisor/fake.ts";
import { pulledSpec } from "./pulled.ts";

Deno.test("a pulled service needs cri, and its image is there before it waits", async () => {
  const did: string[] = [];
  const clock = new FakeClock();
  const containerd = {
    getImage: (name: string) => {
      did.push(`image ${name}`);
      const lists = { entrypoint: [], cmd: [], env: [], diffIds: [] };
      const config = { ...lists, workingDir: "" };
      return Promise.resolve({ name, digest: "sha256:d", config });
    },
  } as unknown as Containerd;
  const spec = pulledSpec({
    id: "etcd",
    needs: ["networkd", "cri"],
    image: () => "r.test/etcd:1",
    prepare: () => Promise.resolve(void did.push("prepare")).then(() => "skip"),
    spec: ({ name }) =>
      imageSpec({
        args: [name],
        env: {},
        capabilities: [],
        share: [],
        mounts: [],
        cgroupsPath: "/podruntime/etcd",
      }),
  }, {
    containerd,
    images: new Images({
      containerd,
      registries: () => ({}),
      hostsDir: "/hosts",
      platform: { os: "linux", architecture: "amd64" },
      clock,
    }),
    sys: { mknod: () => {} },
    clock,
    logs: new ServiceLogs(),
  });
  assertEquals(spec.needs, ["networkd", "cri"]);
  const never = new AbortController().signal;
  assertEquals(await spec.pre!(never, () => {}), "skip");
  assertEquals(did, ["image r.test/etcd:1", "prepare"]);
  assertEquals(spec.runner().description, "containerd(etcd)");
});
