/** routerd as data. */
import { SOCKETS } from "../lib/paths.ts";
import { DEFAULT_HEALTH, type Manifest } from "../lib/worker/manifest.ts";

export const manifest = {
  name: "routerd",
  job: "Routes each call from apid to the daemon that serves it",
  host: "edge",
  serves: ["*"],
  socket: SOCKETS.routerd,
  callers: ["apid"],
  config: [],
  permissions: {
    // Connecting to a socket takes reading and writing it.
    read: [
      "/system/run/routerd",
      SOCKETS.machined,
      SOCKETS.timed,
      SOCKETS.networkd,
    ],
    write: [
      "/system/run/routerd",
      SOCKETS.machined,
      SOCKETS.timed,
      SOCKETS.networkd,
    ],
    net: [
      `unix:${SOCKETS.routerd}`,
      `unix:${SOCKETS.machined}`,
      `unix:${SOCKETS.timed}`,
      `unix:${SOCKETS.networkd}`,
    ],
  },
  capabilities: [],
  mounts: [
    { path: "/system/run/routerd", access: "rw" },
    { path: "/system/run/machined", access: "ro" },
    { path: "/system/run/timed", access: "ro" },
    { path: "/system/run/networkd", access: "ro" },
  ],
  needs: ["containerd"],
  restart: "always",
  health: DEFAULT_HEALTH,
  memoryMiB: 48,
} as const satisfies Manifest;
