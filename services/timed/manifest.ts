/** timed as data. */
import { LIBC_PATHS, SOCKETS } from "#lib/paths.ts";
import { DEFAULT_HEALTH, type Manifest } from "#lib/worker/manifest.ts";

export const manifest = {
  name: "timed",
  job: "Keeps the node's clock right and says what time servers say",
  host: "node",
  serves: ["time.TimeService", "health.Health"],
  socket: SOCKETS.timed,
  callers: ["routerd", "machined"],
  config: ["machine.time"],
  permissions: {
    // The socket's directory; names that the node's hosts file fixes.
    read: ["/system/run/timed", "/etc/hosts"],
    write: ["/system/run/timed"],
    net: [
      `unix:${SOCKETS.timed}`,
      // A port of its own to ask from, any server's NTP port, any resolver.
      "0.0.0.0:0",
      "0.0.0.0/0:123",
      "0.0.0.0/0:53",
    ],
    ffi: LIBC_PATHS,
  },
  capabilities: ["CAP_SYS_TIME"],
  mounts: [
    { path: "/system/run/timed", access: "rw" },
    { path: "/system/etc", access: "ro" },
  ],
  needs: ["containerd", "networkd"],
  restart: "always",
  health: DEFAULT_HEALTH,
  memoryMiB: 48,
} as const satisfies Manifest;
