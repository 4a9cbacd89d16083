/**
 * talosctl as data: a program of the user, sandboxed like a daemon. What it
 * may touch is the user's to choose (paths come from flags), so `read` and
 * `write` are whole; `run` is refused except to `cluster`, which starts
 * itself again with it, see README.
 */
import { DEFAULT_HEALTH, type Manifest } from "../lib/worker/manifest.ts";

export const manifest = {
  name: "talosctl",
  job: "Operates nodes through their API, from the user's machine.",
  host: "client",
  serves: [],
  callers: [],
  config: [],
  permissions: {
    read: true,
    write: true,
    net: true,
    env: ["HOME", "XDG_CONFIG_HOME", "TALOSCONFIG", "KUBECONFIG", "TAG"],
  },
  capabilities: [],
  mounts: [],
  needs: [],
  restart: "never",
  health: DEFAULT_HEALTH,
  memoryMiB: 128,
} as const satisfies Manifest;
