/**
 * Conversations with the kernel by rtnetlink: one socket each, non-blocking,
 * bounded in messages and in time. The kernel answers while it takes the
 * request, so waiting is the exception.
 */
import type { Clock } from "#lib/clock.ts";
import { NETLINK_ROUTE } from "#lib/sys/constants.ts";
import { SysError } from "#lib/sys/errno.ts";
import type { NetlinkSocket, NetlinkSys } from "#lib/sys/sys.ts";
import {
  decodeErrno,
  decodeMessages,
  encodeMessage,
  type Message,
  NetlinkError,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_MULTI,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
} from "./netlink.ts";
import {
  type Address,
  decodeAddress,
  decodeLink,
  decodeRoute,
  dumpAddresses,
  dumpLinks,
  dumpRoutes,
  type Link,
  type Request,
  type Route,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWROUTE,
} from "./rtnetlink.ts";

/** Entries of one table; a node with more routes is a router. */
const ENTRIES_MAX = 32_768;
const REPLY_TIMEOUT_MS = 2_000;
const WAIT_MS = 2;
/** A table that changes while it is read is read again, this often. */
const DUMP_TRIES = 4;
/** After this many datagrams other work has its turn. */
const DATAGRAMS_PER_TURN = 16;

/** The kernel's links, addresses and routes. */
export class Rtnetlink {
  readonly #sys: NetlinkSys;
  readonly #clock: Clock;
  #sequence = 0;

  constructor(sys: NetlinkSys, clock: Clock) {
    this.#sys = sys;
    this.#clock = clock;
  }

  /** All links, by index. */
  async links(): Promise<Link[]> {
    const bodies = await this.#dump(dumpLinks(), RTM_NEWLINK);
    return bodies.map(decodeLink).sort((a, b) => a.index - b.index);
  }

  /** All IP addresses. */
  async addresses(): Promise<Address[]> {
    const bodies = await this.#dump(dumpAddresses(), RTM_NEWADDR);
    return bodies.map(decodeAddress).filter((address) => address !== undefined);
  }

  /** All IP routes of all tables. */
  async routes(): Promise<Route[]> {
    const bodies = await this.#dump(dumpRoutes(), RTM_NEWROUTE);
    return bodies.map(decodeRoute).filter((route) => route !== undefined);
  }

  /** Changes something; `action` completes "Cannot ..." when it is refused. */
  async change(request: Request, action: string): Promise<void> {
    await this.#converse(
      { ...request, flags: request.flags | NLM_F_ACK },
      action,
    );
  }

  async #dump(request: Request, type: number): Promise<Uint8Array[]> {
    const asked = { ...request, flags: NLM_F_DUMP };
    for (let tries = DUMP_TRIES;; tries--) {
      const messages = await this.#converse(asked, "read a table by netlink");
      const torn = messages.some(({ flags }) => flags & NLM_F_DUMP_INTR);
      if (!torn || tries === 1) {
        return messages.filter((each) => each.type === type)
          .map(({ body }) => body);
      }
    }
  }

  async #converse(request: Request, action: string): Promise<Message[]> {
    const sequence = this.#sequence = this.#sequence + 1 >>> 0;
    const socket = this.#sys.openNetlink(NETLINK_ROUTE);
    try {
      const flags = request.flags | NLM_F_REQUEST;
      socket.send(encodeMessage({ ...request, flags, sequence }));
      return await this.#collect(socket, sequence, action);
    } finally {
      socket.close();
    }
  }

  /** Reads until DONE, an acknowledgement or a single message. */
  async #collect(
    socket: NetlinkSocket,
    sequence: number,
    action: string,
  ): Promise<Message[]> {
    const messages: Message[] = [];
    const end = this.#clock.monotonic() + REPLY_TIMEOUT_MS;
    for (let datagrams = 1;; datagrams++) {
      const datagram = socket.receive();
      if (datagram === undefined || datagrams % DATAGRAMS_PER_TURN === 0) {
        if (this.#clock.monotonic() > end) {
          throw new NetlinkError(`no end after ${REPLY_TIMEOUT_MS} ms`);
        }
        await this.#clock.sleep(datagram === undefined ? WAIT_MS : 0);
      }
      if (datagram === undefined) continue;
      for (const message of decodeMessages(datagram)) {
        if (message.sequence !== sequence || message.type === NLMSG_NOOP) {
          continue;
        }
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          refuse(message, action);
          return messages;
        }
        if (messages.push(message) > ENTRIES_MAX) return messages.slice(0, -1);
        if (!(message.flags & NLM_F_MULTI)) return messages;
      }
    }
  }
}

/** Throws the error that an end carries, if it does. */
function refuse(message: Message, action: string): void {
  // DONE of old kernels has no body.
  if (message.type === NLMSG_DONE && message.body.length < 4) return;
  const errno = decodeErrno(message.body);
  if (errno !== 0) throw new SysError({ syscall: "netlink", errno }, action);
}
