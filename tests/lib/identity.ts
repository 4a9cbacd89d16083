/** The administrator of a test cluster, as what a TLS client needs. */
import { assert } from "@std/assert";
import {
  chooseContext,
  credentialsOf,
  type Talosconfig,
} from "#lib/config/mod.ts";
import type { ClientTls } from "#lib/rpc/client.ts";

/** CA, certificate and key of the current context; PEM. */
export function identityOf(talosconfig: Talosconfig): ClientTls {
  const context = chooseContext(talosconfig);
  assert(context, "the talosconfig has no current context");
  return credentialsOf(context);
}
