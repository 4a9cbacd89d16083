/** Kubeconfigs: one cluster, one user, one context. */
import { stringify } from "@std/yaml";

/** Who calls, as file names or as the contents of files. */
export type KubeconfigUser =
  | { readonly certFile: string; readonly keyFile: string }
  | { readonly crt: string; readonly key: string }
  | { readonly token: string };

/** What a kubeconfig says. */
export interface KubeconfigOptions {
  readonly server: string;
  /** The CA of the API server: its file, or its PEM. */
  readonly ca: { readonly file: string } | { readonly pem: string };
  readonly user: KubeconfigUser;
  /** Name of the cluster; the user is `<userName>@<clusterName>`. */
  readonly clusterName: string;
  readonly userName: string;
}

function userOf(user: KubeconfigUser) {
  if ("token" in user) return { token: user.token };
  if ("crt" in user) {
    return {
      "client-certificate-data": btoa(user.crt),
      "client-key-data": btoa(user.key),
    };
  }
  return { "client-certificate": user.certFile, "client-key": user.keyFile };
}

/** The text of a kubeconfig. */
export function kubeconfig(options: KubeconfigOptions): string {
  const { server, ca, user, clusterName, userName } = options;
  const name = `${userName}@${clusterName}`;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name: clusterName,
      cluster: {
        server,
        ..."file" in ca
          ? { "certificate-authority": ca.file }
          : { "certificate-authority-data": btoa(ca.pem) },
      },
    }],
    users: [{ name, user: userOf(user) }],
    contexts: [{
      name,
      context: { cluster: clusterName, user: name, namespace: "default" },
    }],
    "current-context": name,
  });
}
