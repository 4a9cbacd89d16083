/** The kernel that we run on. */
import * as filesystem from "./filesystem.ts";
import * as hostname from "./hostname.ts";
import * as kernelLog from "./kernel_log.ts";
import * as limit from "./limit.ts";
import * as mount from "./mount.ts";
import * as namespace from "./namespace.ts";
import * as netlink from "./netlink.ts";
import * as power from "./power.ts";
import * as process from "./process.ts";
import type { Sys } from "./sys.ts";
import * as time from "./time.ts";

/** Opens libc on the first call, so importing it takes no permission. */
export const realSys: Sys = {
  mount: mount.mount,
  umount: mount.umount,
  pivotRoot: mount.pivotRoot,
  chroot: mount.chroot,
  statfs: filesystem.statfs,
  mknod: filesystem.mknod,
  sync: filesystem.sync,
  syncfs: filesystem.syncfs,
  reboot: power.reboot,
  execve: power.execve,
  setHostname: hostname.setHostname,
  setDomainname: hostname.setDomainname,
  setTime: time.setTime,
  adjustTime: time.adjustTime,
  kill: process.kill,
  peekExited: process.peekExited,
  reap: process.reap,
  setChildSubreaper: process.setChildSubreaper,
  setns: namespace.setns,
  unshare: namespace.unshare,
  getrlimit: limit.getrlimit,
  setrlimit: limit.setrlimit,
  readKernelLog: kernelLog.readKernelLog,
  setConsoleLevel: kernelLog.setConsoleLevel,
  openNetlink: netlink.openNetlink,
};
