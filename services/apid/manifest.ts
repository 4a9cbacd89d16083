/** apid as data. */
import { PORTS, SOCKETS } from "../lib/paths.ts";
import { DEFAULT_HEALTH, type Manifest } from "../lib/worker/manifest.ts";

export const manifest = {
  name: "apid",
  job: "Takes calls from outside and relays them, to this node or to others",
  host: "edge",
  serves: ["*"],
  socket: SOCKETS.apid,
  port: PORTS.apid,
  callers: ["talosctl", "apid"],
  config: [
    "machine.type",
    "machine.token",
    "machine.ca.crt",
    "machine.certSANs",
    "cluster.controlPlane.endpoint",
  ],
  permissions: {
    // The sockets' directories; names that the node's hosts file fixes.
    read: ["/system/run/apid", SOCKETS.routerd, "/etc/hosts"],
    write: ["/system/run/apid", SOCKETS.routerd],
    net: [
      `unix:${SOCKETS.apid}`,
      `unix:${SOCKETS.routerd}`,
      // Listening on all addresses.
      `[::]:${PORTS.apid}`,
      // The apid of any node, trustd of any control plane, any resolver. Deno
      // knows no such form for IPv6.
      `0.0.0.0/0:${PORTS.apid}`,
      `0.0.0.0/0:${PORTS.trustd}`,
      "0.0.0.0/0:53",
    ],
  },
  capabilities: [],
  mounts: [
    { path: "/system/run/apid", access: "rw" },
    { path: "/system/run/routerd", access: "ro" },
    { path: "/system/etc", access: "ro" },
  ],
  needs: ["containerd", "networkd"],
  restart: "always",
  health: DEFAULT_HEALTH,
  memoryMiB: 96,
} as const satisfies Manifest;
