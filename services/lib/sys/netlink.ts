/**
 * Netlink sockets, non-blocking both ways.
 *
 * ```
 * struct sockaddr_nl (12 bytes)  0 family u16  4 port u32  8 groups u32
 * ```
 */
import { viewOf } from "./buffer.ts";
import * as k from "./constants.ts";
import { ERRNO, isErrno, SysError } from "./errno.ts";
import { closeFile } from "./filesystem.ts";
import { checked, libc } from "./libc.ts";
import type { NetlinkSocket } from "./sys.ts";

/** The kernel builds dump datagrams of at most 32 KiB. */
const DATAGRAM_LIMIT_BYTES = 64 << 10;

/** socket(2) and bind(2); the kernel chooses the port. */
export function openNetlink(protocol: number, groups = 0): NetlinkSocket {
  const type = k.SOCK_RAW | k.SOCK_CLOEXEC | k.SOCK_NONBLOCK;
  const action = `open a netlink socket of protocol ${protocol}`;
  const fd = checked(libc().socket(k.AF_NETLINK, type, protocol), {
    syscall: "socket",
    action,
  });
  const address = new Uint8Array(12);
  viewOf(address).setUint16(0, k.AF_NETLINK, true);
  viewOf(address).setUint32(8, groups, true);
  try {
    checked(libc().bind(fd, address, address.length), {
      syscall: "bind",
      action,
    });
  } catch (thrown) {
    closeFile(fd);
    throw thrown;
  }
  return new RealNetlinkSocket(fd);
}

class RealNetlinkSocket implements NetlinkSocket {
  #fd: number;
  readonly #buffer = new Uint8Array(DATAGRAM_LIMIT_BYTES);

  constructor(fd: number) {
    this.#fd = fd;
  }

  send(message: Uint8Array): void {
    // Without an address: to the kernel, not to another process.
    checked(
      Number(
        libc().send(
          this.#fd,
          message as Uint8Array<ArrayBuffer>,
          BigInt(message.length),
          k.MSG_DONTWAIT,
        ),
      ),
      { syscall: "send", action: "send to the kernel by netlink" },
    );
  }

  receive(): Uint8Array | undefined {
    const action = "receive from the kernel by netlink";
    try {
      const flags = k.MSG_DONTWAIT | k.MSG_TRUNC;
      const got = checked(
        Number(
          libc().recv(
            this.#fd,
            this.#buffer,
            BigInt(this.#buffer.length),
            flags,
          ),
        ),
        { syscall: "recv", action },
      );
      // MSG_TRUNC makes it the true length.
      if (got > this.#buffer.length) {
        throw new SysError({ syscall: "recv", errno: ERRNO.EMSGSIZE }, action);
      }
      return this.#buffer.slice(0, got);
    } catch (thrown) {
      if (isErrno(thrown, "EAGAIN", "EINTR")) return undefined;
      throw thrown;
    }
  }

  close(): void {
    if (this.#fd < 0) return;
    closeFile(this.#fd);
    this.#fd = -1;
  }
}
