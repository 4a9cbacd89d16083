/** networkd as data. */
import { ETC_DIR, LIBC_PATHS, SOCKETS } from "#lib/paths.ts";
import { DEFAULT_HEALTH, type Manifest } from "#lib/worker/manifest.ts";

/** Exactly the files that are replaced, and the names they are written as. */
const ETC_FILES = [
  `${ETC_DIR}/hosts`,
  `${ETC_DIR}/hosts.new`,
  `${ETC_DIR}/resolv.conf`,
  `${ETC_DIR}/resolv.conf.new`,
] as const;

export const manifest = {
  name: "networkd",
  job: "Brings the network to what the config says and shows what it is",
  host: "node",
  serves: ["network.NetworkService", "health.Health"],
  socket: SOCKETS.networkd,
  callers: ["routerd", "machined"],
  config: ["machine.network"],
  permissions: {
    read: ["/system/run/networkd", ...ETC_FILES],
    write: ["/system/run/networkd", ...ETC_FILES],
    net: [`unix:${SOCKETS.networkd}`],
    ffi: LIBC_PATHS,
  },
  // sethostname(2) wants SYS_ADMIN.
  capabilities: ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"],
  mounts: [
    { path: "/system/run/networkd", access: "rw" },
    { path: ETC_DIR, access: "rw" },
  ],
  needs: ["containerd"],
  restart: "always",
  health: DEFAULT_HEALTH,
  memoryMiB: 48,
} as const satisfies Manifest;
