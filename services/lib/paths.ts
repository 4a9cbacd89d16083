/**
 * Where things are on a node. The socket paths are part of the contract with
 * peers of the seed era (reference: ports and sockets of the API).
 */

/** Unix sockets of the daemons, by daemon. */
export const SOCKETS = {
  apid: "/system/run/apid/apid.sock",
  routerd: "/system/run/routerd/routerd.sock",
  machined: "/system/run/machined/machine.sock",
  timed: "/system/run/timed/timed.sock",
  networkd: "/system/run/networkd/networkd.sock",
  containerd: "/system/run/containerd/containerd.sock",
  /** The containerd of Kubernetes. */
  cri: "/run/containerd/containerd.sock",
} as const;

/** machined's control socket for a service host: one line of JSON a message. */
export function controlSocket(host: string): string {
  return `/system/run/hosts/${host}/control.sock`;
}

/** The bundles of the image: `<daemon>.js`, `host.js`, `machined.js`. */
export const BUNDLE_DIR = "/usr/lib/talos";
/**
 * Deno's directory on a node: the image has the analysis of the bundles in it
 * (rootfs/module_cache.ts); what runs has a copy in memory.
 */
export const DENO_DIR = `${BUNDLE_DIR}/deno`;
/** The runtime of every bundle. */
export const DENO = "/bin/deno";
/** Files that machined writes and that are bound over those in /etc. */
export const ETC_DIR = "/system/etc";
/** The machine config as the node has it. */
export const CONFIG_FILE = "/system/state/config.yaml";

/**
 * The image that the node runs from, as a file beside its mount, with its
 * manifest, signature and hash tree (image/files.ts); and the public keys that
 * may have signed it. A local cluster binds them there; on a machine the
 * initramfs, which carries the keys, does.
 */
export const IMAGE_DIR = "/system/image";
/** The name of the image in any directory that belongs to a node. */
export const IMAGE_NAME = "rootfs.sqsh";
/** The name of the file of keys beside it. */
export const IMAGE_KEYS_NAME = "keys.pem";

/** TCP ports of the node. */
export const PORTS = { apid: 50_000, trustd: 50_001 } as const;

/**
 * Where libc is, by machine and distribution; the first that opens is taken.
 * A daemon's `ffi` permission names exactly these.
 */
export const LIBC_PATHS = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
] as const;
