/**
 * The root file system of a node, all of it. No shell, no package manager, no
 * interpreter but the runtime of our own bundles. What is not listed is not
 * there.
 */
import { MANIFESTS } from "../services/machined/manifests.ts";
import denoJson from "../deno.json" with { type: "json" };
import {
  bundle,
  checkout,
  dir,
  type Entry,
  library,
  program,
  symlink,
  text,
} from "./entries.ts";
import { CERTIFICATES, NFT } from "./pieces.ts";

/** What the image calls itself, and what its manifest says. */
export const VERSION = `v${denoJson.version}`;

/**
 * The parts that only move with a pinned version, with directories of their
 * own at the top: compressed once and kept in the cache. The rest is appended.
 */
export const BASE: readonly Entry[] = [
  dir("/bin"),
  program("/bin/deno", "deno", "deno"),
  program("/bin/containerd", "containerd", "containerd"),
  program(
    "/bin/containerd-shim-runc-v2",
    "containerd",
    "containerd-shim-runc-v2",
  ),
  program("/bin/runc", "runc", "runc"),
  dir("/opt"),
  dir("/opt/cni"),
  dir("/opt/cni/bin"),
  ...["bridge", "host-local", "loopback", "portmap"].map((plugin) =>
    program(`/opt/cni/bin/${plugin}`, "cni", plugin)
  ),
  dir("/lib"),
  dir("/lib/x86_64-linux-gnu"),
  library("ld-linux-x86-64.so.2"),
  library("libc.so.6"),
  library("libm.so.6"),
  library("libgcc_s.so.1"),
  // Empty since glibc 2.34, but deno is linked against them.
  library("libdl.so.2"),
  library("libpthread.so.0"),
  library("librt.so.1"),
  // For bridge and portmap.
  ...NFT,
  dir("/lib64"),
  symlink(
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
  ),
];

/** What the daemons of the image are; each has services/<name>/main.ts. */
export const DAEMONS = MANIFESTS.map(({ name }) => name);

const OS_RELEASE = `NAME="Talos"
ID=talos
VERSION_ID=${VERSION}
PRETTY_NAME="Talos (${VERSION})"
HOME_URL="https://www.talos.dev/"
`;

/** The module that reads and verifies images, in the checkout. */
export const CORE_WASM = "core-wasm/build/core.wasm";

/** What changes from day to day. */
export const OVERLAY: readonly Entry[] = [
  dir("/dev"),
  dir("/etc"),
  // Bind mounts of machined need a file beneath them.
  text("/etc/hostname", ""),
  // networkd replaces these by rename, which a bind mount would not notice.
  symlink("/etc/hosts", "/system/etc/hosts"),
  text("/etc/machine-id", ""),
  text("/etc/nsswitch.conf", "hosts: files dns\n"),
  text("/etc/os-release", OS_RELEASE),
  symlink("/etc/resolv.conf", "/system/etc/resolv.conf"),
  dir("/etc/cni"),
  // Made from the machine config, credentials and all: in memory.
  symlink("/etc/cri", "/system/etc/cri"),
  dir("/etc/kubernetes"),
  ...CERTIFICATES,
  dir("/mnt"),
  dir("/proc", 0o555),
  dir("/run"),
  dir("/sys", 0o555),
  dir("/system"),
  dir("/tmp", 0o1777),
  dir("/usr"),
  dir("/usr/lib"),
  dir("/usr/lib/talos"),
  bundle("/usr/lib/talos/machined.js", "services/machined/main.ts"),
  bundle("/usr/lib/talos/inspect.js", "services/machined/inspect/main.ts"),
  bundle("/usr/lib/talos/host.js", "services/lib/worker/host.ts"),
  ...DAEMONS.map((name) =>
    bundle(`/usr/lib/talos/${name}.js`, `services/${name}/main.ts`)
  ),
  // Where core-wasm/load.ts looks from inside a bundle.
  dir("/usr/lib/talos/build"),
  checkout("/usr/lib/talos/build/core.wasm", CORE_WASM),
  dir("/usr/lib/talos/deno"),
  {
    kind: "file",
    path: "/usr/lib/talos/deno/dep_analysis_cache_v2",
    mode: 0o644,
    source: { moduleCache: "/usr/lib/talos" },
  },
  dir("/usr/libexec"),
  dir("/usr/libexec/kubernetes"),
  dir("/usr/local"),
  dir("/usr/local/bin"),
  dir("/var"),
];
