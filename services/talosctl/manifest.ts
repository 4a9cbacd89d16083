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
    env: [
      "HOME",
      "XDG_CONFIG_HOME",
      "TALOSCONFIG",
      "TAG",
      // Read by grpc-js when it loads and when it dials.
      "GRPC_VERBOSITY",
      "GRPC_TRACE",
      "GRPC_NODE_VERBOSITY",
      "GRPC_NODE_TRACE",
      "GRPC_SSL_CIPHER_SUITES",
      "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
      "GRPC_NODE_USE_ALTERNATIVE_RESOLVER",
      "GRPC_EXPERIMENTAL_ENABLE_OUTLIER_DETECTION",
      "grpc_proxy",
      "https_proxy",
      "http_proxy",
      "no_grpc_proxy",
      "no_proxy",
    ],
  },
  capabilities: [],
  mounts: [],
  needs: [],
  restart: "never",
  health: DEFAULT_HEALTH,
  memoryMiB: 128,
} as const satisfies Manifest;
