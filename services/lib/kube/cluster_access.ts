/**
 * What of a kubeconfig that a node gave is believed: where its cluster is, and
 * a certificate. A kubeconfig can also name programs to run (`exec`) and files
 * to read; those are not ours to take from anybody.
 */
import { decodeNode } from "../config/decode.ts";
import { parseUrl } from "../config/formats.ts";
import { ConfigError, type Problem } from "../config/problem.ts";
import { list, object, pem, string, type Value } from "../config/schema.ts";
import { readSource } from "../config/yaml/source.ts";
import { toBase64 } from "../pki/mod.ts";
import type { KubeServer } from "./transport.ts";

/** One cluster and who is who there. */
export interface ClusterAccess {
  /** Names of the entries. */
  readonly context: string;
  readonly cluster: string;
  readonly user: string;
  /** The URL of the API server. */
  readonly server: string;
  readonly namespace?: string;
  /** Base64 of PEM. */
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

/** Of the kubeconfig of one cluster; with RSA keys it has 9 KB. */
const LIMITS = { bytes: 128 << 10, depth: 16, tokens: 2_000, documents: 1 };

const CA = "certificate-authority-data";
const CRT = "client-certificate-data";
const KEY = "client-key-data";

const SCHEMA = object({
  "current-context": string({}),
  clusters: list(
    object({
      name: string({}),
      cluster: object({
        server: string({}),
        [CA]: pem({ format: "certificate" }),
      }, {}),
    }, {}),
    {},
  ),
  users: list(
    object({
      name: string({}),
      user: object({
        [CRT]: pem({ format: "certificate" }),
        [KEY]: pem({ format: "privateKey", secret: true }),
      }, {}),
    }, {}),
    {},
  ),
  contexts: list(
    object({
      name: string({}),
      context: object({
        cluster: string({}),
        user: string({}),
        namespace: string({}),
      }, {}),
    }, {}),
    {},
  ),
}, {});

/** No spaces and nothing that a terminal would obey. */
const WORD = /^[^\s\p{C}]{1,253}$/u;

const named = <T extends { readonly name?: string }>(
  all: readonly T[] | undefined,
  name: string | undefined,
) => all?.find((one) => name !== undefined && one.name === name);

/**
 * The current context of `source`; `file` names it in texts.
 *
 * @throws {ConfigError} when something that it needs is absent or unsound.
 */
export function readClusterAccess(
  source: Uint8Array | string,
  file: string,
): ClusterAccess {
  const { documents, problems, place } = readSource(source, { limits: LIMITS });
  const document = documents[0];
  const refuse = (...found: Problem[]) => new ConfigError(file, found);
  if (problems.length > 0) throw refuse(...problems);
  const decoded = document &&
    decodeNode(SCHEMA, document, { place, unknownKeys: "ignore" });
  if (decoded && decoded.problems.length > 0) {
    throw refuse(...decoded.problems);
  }
  const value = (decoded?.value ?? {}) as Value<typeof SCHEMA>;
  const need = <T>(found: T | undefined, path: string): T => {
    if (found !== undefined) return found;
    throw refuse({ path, line: 0, column: 0, message: "required" });
  };
  const need64 = (found: string | undefined, path: string) =>
    toBase64(need(found, path));
  const word = (found: string | undefined, path: string): string => {
    const text = need(found, path);
    if (WORD.test(text)) return text;
    throw refuse({ path, line: 0, column: 0, message: "not a name" });
  };
  const current = word(value["current-context"], "current-context");
  const context = need(named(value.contexts, current)?.context, "contexts");
  const cluster = word(context.cluster, "contexts.context.cluster");
  const user = word(context.user, "contexts.context.user");
  const target = named(value.clusters, cluster)?.cluster ?? {};
  const pair = named(value.users, user)?.user ?? {};
  const { namespace } = context;
  const server = word(target.server, "clusters.cluster.server");
  if (parseUrl(server)?.scheme !== "https") {
    const path = "clusters.cluster.server";
    throw refuse({ path, line: 0, column: 0, message: "not an https URL" });
  }
  return {
    ...{ context: current, cluster, user, server },
    ...namespace !== undefined && {
      namespace: word(namespace, "contexts.context.namespace"),
    },
    ca: need64(target[CA], `clusters.cluster.${CA}`),
    crt: need64(pair[CRT], `users.user.${CRT}`),
    key: need64(pair[KEY], `users.user.${KEY}`),
  };
}

/** The same, as a client takes it: PEM. */
export function serverOf({ server, ca, crt, key }: ClusterAccess): KubeServer {
  const url = server.replace(/\/$/, "");
  return { url, ca: atob(ca), crt: atob(crt), key: atob(key) };
}
