/** The rtnetlink side of a pretend kernel, for tests: three tables. */
import { formatPrefix, networkOf, parsePrefix } from "#lib/net/ip.ts";
import { ERRNO, type ErrnoName } from "#lib/sys/errno.ts";
import {
  decodeAttributes,
  decodeMessages,
  encodeBody,
  encodeMessage,
  type Message,
  NLM_F_DUMP,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
  readText,
  text,
  u32,
  viewOf,
} from "./netlink.ts";
import * as rt from "./rtnetlink.ts";

interface FakeLink {
  index: number;
  name: string;
  flags: number;
  mtu: number;
}

/** Tables as text, so that tests read well. */
export class FakeRtnetlink {
  readonly links: FakeLink[] = [];
  /** `1 127.0.0.1/8`: link and prefix. */
  readonly addresses = new Set<string>();
  /** `2 0.0.0.0/0 10.0.0.1 10`: link, network, gateway or -, metric. */
  readonly routes = new Set<string>();
  /** Refuses requests of a type. */
  readonly refused = new Map<number, ErrnoName>();

  addLink(name: string, flags = 0, mtu = 1500): void {
    this.links.push({ index: this.links.length + 1, name, flags, mtu });
  }

  /** For {@linkcode FakeSys.netlink}. */
  readonly respond = (bytes: Uint8Array): Uint8Array[] => {
    const [message] = decodeMessages(bytes);
    if (message!.flags & NLM_F_DUMP && message!.type % 4 === 2) {
      return this.#dump(message!);
    }
    const refused = this.refused.get(message!.type);
    const errno = refused ? ERRNO[refused] : this.#change(message!);
    const body = new Uint8Array(20);
    viewOf(body).setInt32(0, -errno, true);
    return [this.#reply(message!, NLMSG_ERROR, body, 0)];
  };

  #reply(to: Message, type: number, body: Uint8Array, flags = NLM_F_MULTI) {
    return encodeMessage({ type, flags, sequence: to.sequence, body });
  }

  #dump(message: Message): Uint8Array[] {
    const bodies = message.type === rt.RTM_GETLINK
      ? this.links.map(linkBody)
      : message.type === rt.RTM_GETADDR
      ? [...this.addresses].map(addressBody)
      : [...this.routes].map(routeBody);
    // NEW is two below GET in each group.
    const replies = bodies.map((body) =>
      this.#reply(message, message.type - 2, body)
    );
    return [...replies, this.#reply(message, NLMSG_DONE, u32(0))];
  }

  #change({ type, flags, body }: Message): number {
    if (type === rt.RTM_NEWLINK) return this.#changeLink(body);
    if (type === rt.RTM_NEWADDR || type === rt.RTM_DELADDR) {
      const { linkIndex, prefix } = rt.decodeAddress(body)!;
      const key = `${linkIndex} ${formatPrefix(prefix)}`;
      return type === rt.RTM_NEWADDR
        ? add(this.addresses, key)
        : remove(this.addresses, key, ERRNO.EADDRNOTAVAIL);
    }
    const route = rt.decodeRoute(body)!;
    const gateway = route.gateway?.join(".") ?? "-";
    const key = `${route.linkIndex} ${formatPrefix(route.destination)} ` +
      `${gateway} ${route.metric}`;
    if (type === rt.RTM_DELROUTE) return remove(this.routes, key, ERRNO.ESRCH);
    if (!(flags & 0x100)) return add(this.routes, key);
    this.routes.add(key);
    return 0;
  }

  #changeLink(body: Uint8Array): number {
    const view = viewOf(body);
    const index = view.getInt32(4, true);
    const attributes = decodeAttributes(body, 16);
    if (index === 0) {
      const name = readText(attributes.get(3));
      if (this.links.some((link) => link.name === name)) return ERRNO.EEXIST;
      this.addLink(name);
      return 0;
    }
    const link = this.links.find((each) => each.index === index);
    if (!link) return ERRNO.ENODEV;
    const change = view.getUint32(12, true);
    link.flags = link.flags & ~change | view.getUint32(8, true) & change;
    const mtu = attributes.get(4);
    if (mtu) link.mtu = viewOf(mtu).getUint32(0, true);
    return 0;
  }
}

function add(table: Set<string>, key: string): number {
  if (table.has(key)) return ERRNO.EEXIST;
  table.add(key);
  return 0;
}

function remove(table: Set<string>, key: string, errno: number): number {
  return table.delete(key) ? 0 : errno;
}

function linkBody({ index, name, flags, mtu }: FakeLink): Uint8Array {
  const fixed = new Uint8Array(16);
  viewOf(fixed).setInt32(4, index, true);
  viewOf(fixed).setUint32(8, flags, true);
  const mac = Uint8Array.of(2, 0x42, 0, 0, 0, index);
  return encodeBody(fixed, [[3, text(name)], [4, u32(mtu)], [1, mac]]);
}

function addressBody(entry: string): Uint8Array {
  const [index, prefix] = entry.split(" ");
  return rt.addAddress(Number(index), parsePrefix(prefix!)!).body;
}

function routeBody(entry: string): Uint8Array {
  const [index, network, gateway, metric] = entry.split(" ");
  const hop = parsePrefix(`${gateway}/0`)?.address;
  return rt.replaceRoute({
    linkIndex: Number(index),
    destination: networkOf(parsePrefix(network!)!),
    metric: Number(metric),
    ...(hop ? { gateway: hop } : {}),
  }).body;
}
