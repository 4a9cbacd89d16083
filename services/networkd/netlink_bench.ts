/** Decoding dumps: how long the loop of networkd is held by a large table. */
import { parseIp, parsePrefix } from "#lib/net/ip.ts";
import { decodeMessages, encodeMessage, NLM_F_MULTI } from "./netlink.ts";
import { decodeRoute, replaceRoute, RTM_NEWROUTE } from "./rtnetlink.ts";

const ROUTES = 400;

/** A datagram as the kernel sends it, about 32 KiB. */
const datagram = (() => {
  const body = replaceRoute({
    linkIndex: 2,
    destination: parsePrefix("10.0.0.0/8")!,
    gateway: parseIp("10.5.0.1")!,
    metric: 10,
  }).body;
  const message = { type: RTM_NEWROUTE, flags: NLM_F_MULTI, sequence: 1, body };
  const one = encodeMessage(message);
  const all = new Uint8Array(one.length * ROUTES);
  for (let i = 0; i < ROUTES; i++) all.set(one, i * one.length);
  return all;
})();

Deno.bench(`netlink: decode a datagram of ${ROUTES} routes`, () => {
  for (const { body } of decodeMessages(datagram)) decodeRoute(body);
});
