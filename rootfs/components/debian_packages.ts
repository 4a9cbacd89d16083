/** Pinned Debian packages that programs of the node and the images come from. */
import type { DebPackage } from "./deb.ts";

/** The program `nft` and its libraries, but for glibc's. */
export const NFT_PACKAGES: readonly DebPackage[] = [
  {
    name: "nftables",
    version: "1.0.6-2+deb12u2",
    pool: "debian/pool/main/n/nftables",
    arch: "amd64",
    sha256: "966ff20ce58c17163a771c02ddbca264291408f94c512bd85dd18da0ebdbe88c",
  },
  {
    name: "libnftables1",
    version: "1.0.6-2+deb12u2",
    pool: "debian/pool/main/n/nftables",
    arch: "amd64",
    sha256: "3a8223f9bfba99d97bf25296ac83de307ab036e1df63e5965f88809266851947",
  },
  {
    name: "libmnl0",
    version: "1.0.4-3",
    pool: "debian/pool/main/libm/libmnl",
    arch: "amd64",
    sha256: "4581f42e3373cb72f9ea4e88163b17873afca614a6c6f54637e95aa75983ea7c",
  },
  {
    name: "libnftnl11",
    version: "1.2.4-2",
    pool: "debian/pool/main/libn/libnftnl",
    arch: "amd64",
    sha256: "9e619e1470a1915264e906020f3bfc046fd8458043b1342686d997b5078213af",
  },
  {
    name: "libgmp10",
    version: "2:6.2.1+dfsg1-1.1",
    pool: "debian/pool/main/g/gmp",
    arch: "amd64",
    sha256: "187aedef2ed763f425c1e523753b9719677633c7eede660401739e9c893482bd",
  },
  {
    name: "libjansson4",
    version: "2.14-2",
    pool: "debian/pool/main/j/jansson",
    arch: "amd64",
    sha256: "3fc9742f9f1a37bcb9931df6074b4d1483419ef832ad5349f47323e75fc27864",
  },
  {
    name: "libxtables12",
    version: "1.8.9-2",
    pool: "debian/pool/main/i/iptables",
    arch: "amd64",
    sha256: "cb841d66950a43af4a398625313d2f3da9065299c9738538de6c2c3495857040",
  },
  {
    name: "libedit2",
    version: "3.1-20221030-2",
    pool: "debian/pool/main/libe/libedit",
    arch: "amd64",
    sha256: "1cf14abf2716d3279db12d0657a5737cf70074a1e71d3bdf73206625e3c89ce6",
  },
  {
    name: "libtinfo6",
    version: "6.4-4",
    pool: "debian/pool/main/n/ncurses",
    arch: "amd64",
    sha256: "072d908f38f51090ca28ca5afa3b46b2957dc61fe35094c0b851426859a49a51",
  },
  {
    name: "libbsd0",
    version: "0.11.7-2",
    pool: "debian/pool/main/libb/libbsd",
    arch: "amd64",
    sha256: "bb31cc8b40f962a85b2cec970f7f79cc704a1ae4bad24257a822055404b2c60b",
  },
  {
    name: "libmd0",
    version: "1.0.4-2",
    pool: "debian/pool/main/libm/libmd",
    arch: "amd64",
    sha256: "03539fd30c509e27101d13a56e52eda9062bdf1aefe337c07ab56def25a13eab",
  },
];

/** `iptables` on nf_tables; its libraries are those of `nft`. */
export const IPTABLES_PACKAGES: readonly DebPackage[] = [
  {
    name: "iptables",
    version: "1.8.9-2",
    pool: "debian/pool/main/i/iptables",
    arch: "amd64",
    sha256: "2928d3ca6ca8a3dc3f423f6752822b1f3614a5ba609ff7806bcba4449ffe90e1",
  },
];

/** `mount` and `umount` and their libraries, but for glibc's. */
export const MOUNT_PACKAGES: readonly DebPackage[] = [
  {
    name: "mount",
    version: "2.38.1-5+deb12u3",
    pool: "debian/pool/main/u/util-linux",
    arch: "amd64",
    sha256: "456ed2c62f884bc1133b6969d4d1eb2e6d8581076b00b4c8d700151155270a7a",
  },
  {
    name: "libmount1",
    version: "2.38.1-5+deb12u3",
    pool: "debian/pool/main/u/util-linux",
    arch: "amd64",
    sha256: "f46e2d6b006951825adde9757790b6609d7c66c7700f9b68f3db913eaac323c3",
  },
  {
    name: "libblkid1",
    version: "2.38.1-5+deb12u3",
    pool: "debian/pool/main/u/util-linux",
    arch: "amd64",
    sha256: "5a083377f29191cafcdf0f91ec124349b4a7895b531556633a136e43c6d53943",
  },
  {
    name: "libselinux1",
    version: "3.4-1+b6",
    pool: "debian/pool/main/libs/libselinux",
    arch: "amd64",
    sha256: "2b07f5287b9105f40158b56e4d70cc1652dac56a408f3507b4ab3d061eed425f",
  },
  {
    name: "libpcre2-8-0",
    version: "10.42-1+deb12u2",
    pool: "debian-security/pool/updates/main/p/pcre2",
    arch: "amd64",
    sha256: "d2f7edfcc7689b9e0761c2742cc824ac86a20768bc5e8057818dc6875291fe76",
  },
];

/** The registry that serves images to local clusters. */
export const REGISTRY_PACKAGES: readonly DebPackage[] = [
  {
    name: "docker-registry",
    version: "2.8.2+ds1-1",
    pool: "debian/pool/main/d/docker-registry",
    arch: "amd64",
    sha256: "a9bd06c0e006854608f8469b4371743f40604ad90975532bb3b7ceeb72fe2913",
  },
];
