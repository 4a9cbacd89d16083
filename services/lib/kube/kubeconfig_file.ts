/** A kubeconfig, as far as it says which API server and as whom. */
import { parse } from "@std/yaml";
import type { KubeServer } from "./transport.ts";

interface Named {
  readonly name?: unknown;
  readonly [field: string]: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** The entry `name` of a list, below `field`. */
function entry(list: unknown, { field, name }: Record<string, unknown>) {
  const all = Array.isArray(list) ? list as (Named | null)[] : [];
  const found = all.find((one) => one?.name === name)?.[String(field)];
  return (found ?? {}) as Fields;
}

function decoded(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new Error(`kubeconfig: no ${name}`);
  return new TextDecoder().decode(Uint8Array.fromBase64(value));
}

/**
 * The server of the current context, with its client certificate.
 *
 * @throws {Error} when something of it is missing.
 */
export function serverOf(text: string): KubeServer {
  const root = (parse(text, { maxAliasCount: 0 }) ?? {}) as Fields;
  const name = root["current-context"];
  const context = entry(root["contexts"], { field: "context", name });
  const cluster = entry(root["clusters"], {
    ...{ field: "cluster", name: context["cluster"] },
  });
  const user = entry(root["users"], { field: "user", name: context["user"] });
  const url = cluster["server"];
  if (typeof url !== "string") throw new Error("kubeconfig: no server");
  return {
    url: url.replace(/\/$/, ""),
    ca: decoded(cluster, "certificate-authority-data"),
    crt: decoded(user, "client-certificate-data"),
    key: decoded(user, "client-key-data"),
  };
}
