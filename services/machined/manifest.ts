/** machined as data. */
import { SOCKETS } from "#lib/paths.ts";
import { DEFAULT_HEALTH, type Manifest } from "#lib/worker/manifest.ts";

export const manifest = {
  name: "machined",
  job: "PID 1: runs the sequences, supervises the services, serves the API",
  host: "init",
  serves: [
    "machine.MachineService",
    "talos.ImageService",
    "talos.KubernetesService",
  ],
  socket: SOCKETS.machined,
  callers: ["routerd", "apid"],
  config: ["machine", "cluster", "debug", "persist"],
  // It mounts, spawns and ends the node: there is nobody to grant less.
  permissions: {
    read: true,
    write: true,
    net: true,
    env: true,
    run: true,
    ffi: true,
    sys: true,
  },
  capabilities: [],
  mounts: [],
  needs: [],
  restart: "never",
  health: DEFAULT_HEALTH,
  memoryMiB: 128,
} as const satisfies Manifest;
