/** trustd as data. */
import { PORTS } from "#lib/paths.ts";
import { DEFAULT_HEALTH, type Manifest } from "#lib/worker/manifest.ts";

export const manifest = {
  name: "trustd",
  job: "Signs the certificates of workers that know the token",
  host: "edge",
  serves: ["securityapi.SecurityService"],
  port: PORTS.trustd,
  callers: ["apid of workers"],
  config: [
    "machine.token",
    "machine.ca",
    "machine.certSANs",
    "machine.network.hostname",
    "cluster.controlPlane.endpoint",
    "cluster.network.dnsDomain",
  ],
  permissions: {
    // The files of files.ts and nothing beside them.
    read: ["/etc/os-release", "/system/run/trustd"],
    write: ["/system/run/trustd"],
    net: [`0.0.0.0:${PORTS.trustd}`, `[::]:${PORTS.trustd}`],
  },
  capabilities: [],
  mounts: [{ path: "/system/run/trustd", access: "rw" }],
  needs: ["containerd", "networkd"],
  restart: "always",
  health: DEFAULT_HEALTH,
  memoryMiB: 64,
} as const satisfies Manifest;
