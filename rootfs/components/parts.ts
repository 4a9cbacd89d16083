/** Every real part that a node's own root has, at its pinned version. */
import type { Recipe } from "./cache.ts";
import { debian, type DebPackage } from "./deb.ts";
import { NFT_PACKAGES } from "./debian_packages.ts";
import { goPrograms } from "./go.ts";
import { npm } from "./npm.ts";

/** The runtime of every bundle; the project's own commands run on it too. */
const deno = npm("deno", {
  name: "@deno/linux-x64-glibc",
  version: "2.9.6",
  integrity:
    "sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ==",
});

const LIBC6: DebPackage = {
  name: "libc6",
  version: "2.36-9+deb12u14",
  pool: "debian/pool/main/g/glibc",
  arch: "amd64",
  sha256: "ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf",
};

const LIBGCC: DebPackage = {
  name: "libgcc-s1",
  version: "12.2.0-14+deb12u1",
  pool: "debian/pool/main/g/gcc-12",
  arch: "amd64",
  sha256: "3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7",
};

const CA_CERTIFICATES: DebPackage = {
  name: "ca-certificates",
  version: "20250419~deb12u2",
  pool: "debian-security/pool/updates/main/c/ca-certificates",
  arch: "all",
  sha256: "b9f76b5271a7ac373fd5e7e1b5b826a71ddd702b42a0d104955ecb1acfffc94b",
};

const CONTAINERD = "github.com/containerd/containerd/v2";

const containerd = await goPrograms({
  folder: "containerd",
  version: "v2.4.2",
  packages: [
    `${CONTAINERD}/cmd/containerd`,
    `${CONTAINERD}/cmd/containerd-shim-runc-v2`,
  ],
  tags: ["no_btrfs", "no_devmapper", "no_zfs", "urfave_cli_no_docs"],
  values: { [`${CONTAINERD}/version.Version`]: "v2.4.2" },
});

const runc = await goPrograms({
  folder: "runc",
  version: "v1.5.2",
  packages: ["github.com/opencontainers/runc"],
  tags: ["seccomp", "netgo", "osusergo", "urfave_cli_no_docs"],
  values: {},
  cgo: true,
});

const PLUGINS = "github.com/containernetworking/plugins";

/** What joins a pod's network to the node's. */
const cni = await goPrograms({
  folder: "cni",
  version: "v1.9.1",
  packages: [
    `${PLUGINS}/plugins/ipam/host-local`,
    `${PLUGINS}/plugins/main/bridge`,
    `${PLUGINS}/plugins/main/loopback`,
    `${PLUGINS}/plugins/meta/portmap`,
  ],
  tags: [],
  values: { [`${PLUGINS}/pkg/utils/buildversion.BuildVersion`]: "v1.9.1" },
});

/** The parts of a node's own root, by name. */
export const PARTS = {
  deno,
  containerd,
  runc,
  cni,
  nft: debian("nft", NFT_PACKAGES),
  glibc: debian("glibc", [LIBC6, LIBGCC]),
  certificates: debian("certificates", [CA_CERTIFICATES]),
} as const satisfies Record<string, Recipe>;

/** The name of a part. */
export type PartName = keyof typeof PARTS;
