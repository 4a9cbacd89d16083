/** The administrator of a test cluster, as what a TLS client needs. */
import { assert } from "@std/assert";
import {
  chooseContext,
  credentialsOf,
  type Talosconfig,
} from "#lib/config/mod.ts";
import { type PemPair, toBase64 } from "#lib/pki/mod.ts";
import type { ClientTls } from "#lib/rpc/client.ts";

/** CA, certificate and key of the current context; PEM. */
export function identityOf(talosconfig: Talosconfig): ClientTls {
  const context = chooseContext(talosconfig);
  assert(context, "the talosconfig has no current context");
  return credentialsOf(context);
}

/** The same contexts as somebody else. */
export function withPair(
  talosconfig: Talosconfig,
  { crt, key }: PemPair,
): Talosconfig {
  const pair = { crt: toBase64(crt), key: toBase64(key) };
  const contexts = Object.entries(talosconfig.contexts)
    .map(([name, context]) => [name, { ...context, ...pair }]);
  return { ...talosconfig, contexts: Object.fromEntries(contexts) };
}
