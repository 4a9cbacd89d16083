/** Lists that the root file system and the container images share. */
import {
  dir,
  type Entry,
  joined,
  library,
  libraryOf,
  program,
  symlink,
} from "./entries.ts";

/** What a TLS client trusts; below /etc, which is listed before. */
export const CERTIFICATES: readonly Entry<"certificates">[] = [
  dir("/etc/ssl"),
  dir("/etc/ssl/certs"),
  joined(
    "/etc/ssl/certs/ca-certificates.crt",
    "certificates",
    "usr/share/ca-certificates/mozilla",
  ),
];

/** Enough of glibc for small programs in C. */
export const GLIBC: readonly Entry<"glibc">[] = [
  dir("/lib"),
  dir("/lib/x86_64-linux-gnu"),
  library("ld-linux-x86-64.so.2"),
  library("libc.so.6"),
  dir("/lib64"),
  symlink(
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
  ),
];

const USR_LIB = "usr/lib/x86_64-linux-gnu";

/** The program `nft`; /bin and glibc are listed before. */
export const NFT: readonly Entry<"nft">[] = [
  program("/bin/nft", "nft", "usr/sbin/nft"),
  ...[
    `${USR_LIB}/libnftables.so.1`,
    `${USR_LIB}/libmnl.so.0`,
    `${USR_LIB}/libnftnl.so.11`,
    `${USR_LIB}/libgmp.so.10`,
    `${USR_LIB}/libjansson.so.4`,
    `${USR_LIB}/libxtables.so.12`,
    `${USR_LIB}/libedit.so.2`,
    "lib/x86_64-linux-gnu/libtinfo.so.6",
    `${USR_LIB}/libbsd.so.0`,
    `${USR_LIB}/libmd.so.0`,
  ].map((from) => libraryOf("nft", from)),
];

/** `iptables` and `ip6tables`, which stand on {@linkcode NFT}'s libraries. */
export const IPTABLES: readonly Entry<"iptables">[] = [
  program("/bin/iptables", "iptables", "usr/sbin/xtables-nft-multi"),
  symlink("/bin/ip6tables", "iptables"),
];

/** `mount` and `umount`; /bin and glibc are listed before. */
export const MOUNT: readonly Entry<"mount">[] = [
  program("/bin/mount", "mount", "bin/mount"),
  program("/bin/umount", "mount", "bin/umount"),
  ...[
    `${USR_LIB}/libmount.so.1`,
    `${USR_LIB}/libblkid.so.1`,
    "lib/x86_64-linux-gnu/libselinux.so.1",
    `${USR_LIB}/libpcre2-8.so.0`,
  ].map((from) => libraryOf("mount", from)),
];
