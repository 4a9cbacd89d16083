/**
 * The kubelet's first client certificate, there before the kubelet is: whatever
 * of it looks at the API server in vain pauses ever longer, up to 19 s. A
 * control plane issues it; a worker asks the cluster for it with the token of
 * its config, and says why it gets none. Later ones are the kubelet's affair.
 */
import type { Clock } from "#lib/clock.ts";
import { AgentError, chainOf } from "#lib/errors.ts";
import { KubeClient, type KubeTransport } from "#lib/kube/client.ts";
import { KubeError } from "#lib/kube/errors.ts";
import {
  type CertificateSigningRequest,
  RESOURCES,
} from "#lib/kube/resources.ts";
import type { KubeServer } from "#lib/kube/transport.ts";
import {
  Ca,
  createCsr,
  DAY_MS,
  exportKey,
  fromBase64,
  generateKey,
  toBase64,
} from "#lib/pki/mod.ts";
import type { Files } from "../files.ts";
import { kubernetesCa } from "./admin.ts";
import { endpointServer, KUBELET_PAIR } from "./control_planes.ts";
import { KUBERNETES_PATHS, type KubernetesInput } from "./input.ts";

/** Why a node cannot join; `denied` is final for one request. */
export class JoinError extends AgentError<
  { readonly kind: "unreachable" | "refused" | "pending" | "denied" }
> {
  override name = "JoinError";

  constructor(kind: JoinError["problem"]["kind"], why: string) {
    super({ kind }, `Cannot join the cluster: ${why}`);
  }
}

/** What it is got with. */
export interface KubeletCertificateOptions {
  readonly input: () => Pick<KubernetesInput, "config" | "hostname">;
  readonly files: Pick<Files, "read" | "replace" | "link" | "mkdir">;
  readonly connect: (server: KubeServer) => KubeTransport;
  readonly clock: Clock;
}

const SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";
/** What the controller manager gives a kubelet. */
const VALIDITY_MS = 365 * DAY_MS;
const LOOK_MS = 500;

function nodeSubject({ hostname }: Pick<KubernetesInput, "hostname">) {
  return {
    commonName: `system:node:${hostname}`,
    organizations: ["system:nodes"],
  };
}

/** What `error` says of a join at `url`. */
function explain(error: KubeError, url: string): JoinError {
  const { status } = error.problem;
  const server = `the API server at ${url}`;
  if (status === 401) {
    return new JoinError(
      "refused",
      `${server} does not know cluster.token of this node's config`,
    );
  }
  if (status === 403) {
    return new JoinError("refused", `${server} refuses cluster.token`);
  }
  if (status !== 0) {
    return new JoinError("unreachable", `${server} is not ready: ${status}`);
  }
  const said = chainOf(error);
  const [, certificate] = /invalid peer certificate: (.{1,120})/s.exec(said) ??
    [];
  if (certificate === undefined) {
    return new JoinError(
      "unreachable",
      `nobody answers at cluster.controlPlane.endpoint ${url}: ${said}`,
    );
  }
  const name = /not valid for name|NotValidForName/.test(certificate);
  return new JoinError(
    "refused",
    name
      ? `the certificate of ${server} is not for that name or address`
      : `${server} is not of this node's cluster.ca: ${certificate}`,
  );
}

/** The certificate in `request`. @throws {JoinError} */
function certificateIn({ metadata, status }: CertificateSigningRequest) {
  const refusal = status?.conditions?.find(({ type }) => type !== "Approved");
  const { name } = metadata;
  if (refusal !== undefined) {
    const { type, message = "" } = refusal;
    throw new JoinError("denied", `request ${name} is ${type}: ${message}`);
  }
  if (status?.certificate !== undefined) return fromBase64(status.certificate);
  throw new JoinError("pending", `request ${name} is not approved yet`);
}

/** One key, and a request for it that the cluster decides about. */
class Request {
  readonly #options: KubeletCertificateOptions;
  #keys: ReturnType<typeof generateKey> | undefined;
  #name: string | undefined;

  constructor(options: KubeletCertificateOptions) {
    this.#options = options;
  }

  /** Certificate and key as PEM. @throws {JoinError} */
  async pair(signal: AbortSignal): Promise<string> {
    const { input, connect } = this.#options;
    const { token = "" } = input().config.cluster;
    const server = endpointServer(input(), { token });
    const client = new KubeClient(connect(server));
    try {
      const crt = certificateIn(await this.#sent(client, signal));
      const { privateKey } = await this.#key();
      return `${crt}${await exportKey(privateKey)}`;
    } catch (thrown) {
      if (!(thrown instanceof KubeError)) throw thrown;
      // Of another cluster, or removed: the next look sends it again.
      if (thrown.problem.kind === "notFound") this.#name = undefined;
      throw explain(thrown, server.url);
    } finally {
      client.close();
    }
  }

  #key(): ReturnType<typeof generateKey> {
    return this.#keys ??= generateKey("ECDSA-P256");
  }

  async #sent(client: KubeClient, signal: AbortSignal) {
    const resource = RESOURCES.certificateSigningRequests;
    if (this.#name !== undefined) {
      return await client.get(resource, { name: this.#name }, signal);
    }
    const { apiVersion, kind } = resource;
    const subject = nodeSubject(this.#options.input());
    const csr = await createCsr({ keys: await this.#key(), ...subject });
    const sent = await client.create(resource, {
      ...{ apiVersion, kind },
      metadata: { generateName: "node-csr-" },
      spec: {
        request: toBase64(csr),
        signerName: SIGNER,
        usages: ["digital signature", "client auth"],
      },
    }, signal);
    this.#name = sent.metadata.name;
    return sent;
  }
}

/** Where the kubelet looks for it, as it would have put it there itself. */
async function store(
  { files, clock }: KubeletCertificateOptions,
  pair: string,
): Promise<void> {
  const dir = KUBERNETES_PATHS.kubeletPki;
  const time = new Date(clock.now()).toISOString().slice(0, 19)
    .replaceAll(/[T:]/g, "-");
  const path = `${dir}/kubelet-client-${time}.pem`;
  await files.mkdir(dir, 0o700);
  await files.replace(path, new TextEncoder().encode(pair), 0o600);
  await files.link(path, KUBELET_PAIR);
}

/**
 * Resolves when the kubelet has a certificate: at once on a control plane, and
 * where it has one already.
 *
 * @throws {JoinError} when the cluster denies it one.
 */
export async function provideKubeletCertificate(
  options: KubeletCertificateOptions,
  { signal, tell }: {
    readonly signal: AbortSignal;
    readonly tell: (text: string) => void;
  },
): Promise<void> {
  const { input, files, clock } = options;
  if (await files.read(KUBELET_PAIR) !== undefined) return;
  const ca = kubernetesCa(input());
  if (ca !== undefined) {
    const { crt, key } = await (await Ca.load(ca)).issuePair({
      ...nodeSubject(input()),
      ...{ algorithm: "ECDSA-P256", usages: ["client"] },
      ...{ validityMs: VALIDITY_MS, clock },
    });
    return await store(options, crt + key);
  }
  const request = new Request(options);
  for (let said = "";;) {
    try {
      return await store(options, await request.pair(signal));
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof JoinError)) throw thrown;
      if (thrown.problem.kind === "denied") throw thrown;
      if (thrown.message !== said) tell(said = thrown.message);
    }
    await clock.sleep(LOOK_MS, signal);
  }
}
