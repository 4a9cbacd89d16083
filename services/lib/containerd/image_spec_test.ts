/** Runtime specifications of etcd's and the kubelet's kind. */
import { assertEquals } from "@std/assert";
import { BASE_MOUNTS, imageSpec, nodeBind } from "./image_spec.ts";

Deno.test("imageSpec() of a container with walls: name spaces of its own, no devices", () => {
  const spec = imageSpec({
    args: ["/etcd"],
    env: { A: "b" },
    capabilities: ["CAP_NET_RAW", "CAP_KILL", "CAP_KILL"],
    share: ["network"],
    mounts: [nodeBind("/var/lib/etcd", "rw")],
    cgroupsPath: "/podruntime/etcd",
    readonlyRoot: true,
    noNewPrivileges: true,
    memoryLimitBytes: 1 << 30,
    openFiles: 65_536,
    oomScoreAdj: -500,
  });
  assertEquals<unknown>(spec, {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ["/etcd"],
      env: ["A=b"],
      cwd: "/",
      capabilities: {
        bounding: ["CAP_KILL", "CAP_NET_RAW"],
        effective: ["CAP_KILL", "CAP_NET_RAW"],
        permitted: ["CAP_KILL", "CAP_NET_RAW"],
      },
      noNewPrivileges: true,
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 65_536, soft: 65_536 }],
      oomScoreAdj: -500,
    },
    root: { path: "rootfs", readonly: true },
    mounts: [
      ...BASE_MOUNTS.toSorted((a, b) => a.destination < b.destination ? -1 : 1),
      {
        destination: "/var/lib/etcd",
        type: "bind",
        source: "/var/lib/etcd",
        options: ["rbind", "rw"],
      },
    ],
    linux: {
      namespaces: ["mount", "pid", "ipc", "uts", "cgroup"].map((type) => ({
        type,
      })),
      cgroupsPath: "/podruntime/etcd",
      resources: {
        memory: { limit: 1 << 30 },
        devices: [{ allow: false, access: "rwm" }],
      },
      devices: [],
      maskedPaths: [],
      readonlyPaths: [],
      rootfsPropagation: "rprivate",
    },
  });
});

Deno.test("imageSpec() of a container that is the node: all of it, both ways", () => {
  const { linux, mounts } = imageSpec({
    args: ["/kubelet"],
    env: {},
    capabilities: [],
    share: ["pid", "network", "ipc", "uts", "cgroup"],
    mounts: [nodeBind("/sys", "rw", "rshared"), nodeBind("/dev", "rw")],
    allDevices: true,
    cgroupsPath: "/podruntime/kubelet",
    propagation: "rshared",
  });
  assertEquals(linux.namespaces, [{ type: "mount" }]);
  assertEquals(linux.rootfsPropagation, "rshared");
  assertEquals(linux.resources, { devices: [{ allow: true, access: "rwm" }] });
  assertEquals(
    mounts.map(({ destination, type }) => `${destination} ${type}`),
    [
      "/dev bind",
      "/proc proc",
      "/sys bind",
      "/tmp tmpfs",
    ],
  );
});
