/** The runtime specification of a service container, as runc reads it. */
import { assertEquals } from "@std/assert";
import { serviceSpec } from "./spec.ts";

Deno.test("serviceSpec() writes everything down", () => {
  const spec = serviceSpec({
    args: ["/bin/deno", "run"],
    env: { PATH: "/bin" },
    capabilities: ["CAP_SYS_TIME", "CAP_NET_ADMIN", "CAP_SYS_TIME"],
    mounts: [
      { path: "/system/run/timed", access: "rw" },
      { path: "/etc/resolv.conf", access: "ro" },
      { path: "/system/run", access: "ro" },
    ],
    copies: [{ path: "/usr/lib/x", sizeBytes: 4096 }],
    devices: [{ path: "/dev/rtc0", type: "c", major: 252, minor: 0 }],
    memoryLimitBytes: 128 << 20,
    tmpSizeBytes: 1 << 20,
    hostname: "n1",
    cgroupsPath: "/system/node",
  });
  const capabilities = ["CAP_NET_ADMIN", "CAP_SYS_TIME"];
  const bind = (path: string, access: "ro" | "rw") => ({
    destination: path,
    type: "bind",
    source: path,
    options: ["rbind", access, "nosuid", "nodev", "rprivate"],
  });
  assertEquals<unknown>(spec, {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ["/bin/deno", "run"],
      env: ["PATH=/bin"],
      cwd: "/",
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
      },
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname: "n1",
    mounts: [
      {
        destination: "/proc",
        type: "proc",
        source: "proc",
        options: ["nosuid", "noexec", "nodev"],
      },
      {
        destination: "/dev",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"],
      },
      {
        destination: "/tmp",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "nodev", "noexec", "mode=1777", "size=1048576"],
      },
      {
        destination: "/system",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "nodev", "noexec", "mode=755", "size=65536"],
      },
      bind("/etc/resolv.conf", "ro"),
      bind("/system/run", "ro"),
      bind("/system/run/timed", "rw"),
      {
        destination: "/usr/lib/x",
        type: "tmpfs",
        source: "tmpfs",
        options: [
          "nosuid",
          "nodev",
          "noexec",
          "mode=700",
          "size=4096",
          "tmpcopyup",
        ],
      },
    ],
    linux: {
      namespaces: [
        { type: "pid" },
        { type: "mount" },
        { type: "ipc" },
        { type: "uts" },
      ],
      cgroupsPath: "/system/node",
      resources: {
        memory: { limit: 134217728 },
        pids: { limit: 512 },
        devices: [
          { allow: false, access: "rwm" },
          { allow: true, type: "c", major: 252, minor: 0, access: "rw" },
        ],
      },
      devices: [{
        path: "/dev/rtc0",
        type: "c",
        major: 252,
        minor: 0,
        fileMode: 0o600,
        uid: 0,
        gid: 0,
      }],
      maskedPaths: [
        "/proc/acpi",
        "/proc/asound",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/proc/timer_list",
        "/proc/timer_stats",
      ],
      readonlyPaths: [
        "/proc/bus",
        "/proc/fs",
        "/proc/irq",
        "/proc/sysrq-trigger",
      ],
      rootfsPropagation: "rprivate",
    },
  });
});

Deno.test("serviceSpec() lets the writer of a path win, and shares uts", () => {
  const spec = serviceSpec({
    args: [],
    env: {},
    capabilities: [],
    mounts: [
      { path: "/run/x", access: "rw" },
      { path: "/run/x", access: "ro" },
    ],
    memoryLimitBytes: 1,
    tmpSizeBytes: 1,
    cgroupsPath: "/c",
  });
  const [, , , run, x, ...rest] = spec.mounts;
  assertEquals([run!.destination, run!.type], ["/run", "tmpfs"]);
  assertEquals([x!.destination, x!.options[1]], ["/run/x", "rw"]);
  assertEquals(rest, []);
  assertEquals(
    spec.linux.namespaces.map(({ type }) => type),
    ["pid", "mount", "ipc"],
  );
  assertEquals("hostname" in spec, false);
});
