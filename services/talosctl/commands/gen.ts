/** `talosctl gen`: the configs of a new cluster, and single pieces of a PKI. */
import { join, resolve } from "@std/path";
import { group, leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { CliError } from "../cli/errors.ts";
import { argument, readInput, reportLocal, writeOutput } from "./report.ts";

const HOUR_MS = 3_600_000;

/** Certificates and keys are for their owner only. */
const PRIVATE = 0o600;

const ORGANIZATION = {
  type: "string",
  required: true,
  help: "organization of the certificate, and name of the files",
} as const;
const IP = {
  type: "string",
  help: "address that the certificate is for",
} as const;

/** `dir/name` of `dir/name.key`. */
function stem(path: string): string {
  return path.replace(/\.[^./]*$/, "");
}

async function readText(context: Context, path: string): Promise<string> {
  return new TextDecoder().decode(await readInput(context, path));
}

/** Writes files and tells -o json|yaml which. */
async function write(
  context: Context,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await writeOutput(context, { path, data: text, mode: PRIVATE });
  }
  await reportLocal(context, { created: Object.keys(files) }, "");
}

function checkAddress(ip: string): string[] {
  if (ip === "") return [];
  if (/^[0-9a-fA-F.:]+$/.test(ip)) return [ip];
  throw new CliError("usage", `invalid value "${ip}" for flag --ip`, {
    next: "want an address",
  });
}

const ca = leaf({
  name: "ca",
  summary: "Generate a certificate authority",
  details: "Writes <organization>.crt, .key and .sha256.",
  args: NO_ARGS,
  flags: {
    organization: ORGANIZATION,
    hours: { type: "int", default: "87600", help: "hours that it is valid" },
    rsa: { type: "bool", help: "RSA-4096 instead of Ed25519" },
  },
  async run(context) {
    const { organization, hours, rsa } = context.flags;
    const { generateCa, readCertificate } = await import("#lib/pki/mod.ts");
    const pair = await generateCa({
      kind: "machine",
      organization,
      algorithm: rsa ? "RSA-4096" : "Ed25519",
      validityMs: hours * HOUR_MS,
    });
    const { keyFingerprint } = await readCertificate(pair.crt);
    const hash = Uint8Array.fromBase64(keyFingerprint).toHex();
    await write(context, {
      [`${organization}.crt`]: pair.crt,
      [`${organization}.sha256`]: `sha256:${hash}`,
      [`${organization}.key`]: pair.key,
    });
  },
});

const key = leaf({
  name: "key",
  summary: "Generate an Ed25519 key",
  details: "Writes <name>.key.",
  args: NO_ARGS,
  flags: {
    name: { type: "string", required: true, help: "name of the file" },
  },
  async run(context) {
    const { name } = context.flags;
    const { exportKey, generateKey } = await import("#lib/pki/mod.ts");
    const { privateKey } = await generateKey("Ed25519");
    await write(context, { [`${name}.key`]: await exportKey(privateKey) });
  },
});

const csr = leaf({
  name: "csr",
  summary: "Generate a certificate signing request",
  details: "Writes <key>.csr next to the key.",
  args: NO_ARGS,
  flags: {
    key: {
      type: "string",
      required: true,
      complete: "file",
      help: "path of the key",
    },
    ip: { ...IP, required: true },
    roles: {
      type: "strings",
      default: "os:admin",
      help: "roles that it asks for",
    },
  },
  async run(context) {
    const { key: path, ip, roles } = context.flags;
    const { createCsr, importKey } = await import("#lib/pki/mod.ts");
    const request = await createCsr({
      keys: await importKey(await readText(context, path)),
      organizations: roles,
      addresses: checkAddress(ip),
    });
    await write(context, { [`${stem(path)}.csr`]: request });
  },
});

const crt = leaf({
  name: "crt",
  summary: "Sign a certificate signing request",
  details:
    `Reads <ca>.crt and <ca>.key, writes <name>.crt. The names, addresses and
roles are those of the request: look at whom you sign it for.`,
  args: NO_ARGS,
  flags: {
    ca: { type: "string", required: true, help: "name of the CA's files" },
    csr: {
      type: "string",
      required: true,
      complete: "file",
      help: "path of the request",
    },
    hours: { type: "int", default: "24", help: "hours that it is valid" },
    name: { type: "string", required: true, help: "name of the file" },
  },
  async run(context) {
    const { flags } = context;
    const { Ca, readCsr, requestedOrganizations } = await import(
      "#lib/pki/mod.ts"
    );
    const pem = await readText(context, flags.csr);
    const request = await readCsr(pem);
    const authority = await Ca.load({
      crt: await readText(context, `${flags.ca}.crt`),
      key: await readText(context, `${flags.ca}.key`),
    });
    const certificate = await authority.issue({
      ...request,
      organizations: await requestedOrganizations(pem),
      usages: ["server", "client"],
      validityMs: flags.hours * HOUR_MS,
    });
    await write(context, { [`${flags.name}.crt`]: certificate });
  },
});

const keypair = leaf({
  name: "keypair",
  summary: "Generate a self-signed certificate and its key",
  details: "Writes <organization>.crt and .key.",
  args: NO_ARGS,
  flags: { organization: ORGANIZATION, ip: IP },
  async run(context) {
    const { organization, ip } = context.flags;
    const { generateCa } = await import("#lib/pki/mod.ts");
    const pair = await generateCa({
      kind: "machine",
      organization,
      addresses: checkAddress(ip),
    });
    await write(context, {
      [`${organization}.crt`]: pair.crt,
      [`${organization}.key`]: pair.key,
    });
  },
});

const config = leaf({
  name: "config",
  summary: "Generate the configs of a new cluster",
  details:
    `Writes init.yaml, controlplane.yaml, join.yaml and talosconfig, with a PKI of
their own.`,
  args: { usage: "<cluster name> <cluster endpoint>", min: 2, max: 2 },
  flags: {
    "additional-sans": {
      type: "strings",
      help: "more names and addresses for the certificates of the APIs",
    },
    arch: {
      type: "string",
      default: "amd64",
      choices: ["amd64", "arm64"],
      help: "architecture of the nodes; the default images are for both",
    },
    "dns-domain": {
      type: "string",
      default: "cluster.local",
      help: "DNS domain of the cluster",
    },
    "install-disk": {
      type: "string",
      default: "/dev/sda",
      help: "disk to install to",
    },
    "install-image": { type: "string", help: "image of the installer" },
    "kubernetes-version": { type: "string", help: "version of Kubernetes" },
    "output-dir": {
      type: "string",
      short: "o",
      complete: "dir",
      help: "directory of the files (default the current one)",
    },
    persist: {
      type: "bool",
      short: "p",
      default: "true",
      help: "nodes keep their config across boots",
    },
    "registry-mirror": {
      type: "strings",
      help: "mirror of a registry, HOST=URL",
    },
    version: {
      type: "string",
      default: "v1alpha1",
      choices: ["v1alpha1"],
      help: "schema of the configs",
    },
  },
  async run(context) {
    const { flags } = context;
    const { generateFiles, generateSecrets, parseRegistryMirrors } =
      await import("#lib/config/mod.ts");
    const input = {
      clusterName: argument(context, 0),
      endpoint: argument(context, 1),
      additionalSans: flags["additional-sans"],
      dnsDomain: flags["dns-domain"],
      installDisk: flags["install-disk"],
      persist: flags.persist,
      registryMirrors: parseRegistryMirrors(flags["registry-mirror"]),
      ...flags["install-image"] && { installImage: flags["install-image"] },
      ...flags["kubernetes-version"] && {
        kubernetesVersion: flags["kubernetes-version"],
      },
    };
    checkEndpoint(await import("#lib/config/mod.ts"), input.endpoint);
    const files = generateFiles(input, await generateSecrets());
    const folder = resolve(flags["output-dir"]);
    const paths = files.map(({ name }) => join(folder, name));
    for (const [at, { text, mode }] of files.entries()) {
      await writeOutput(context, { path: paths[at]!, data: text, mode });
    }
    await reportLocal(
      context,
      { created: paths },
      paths.map((path) => `created ${path}\n`).join(""),
    );
  },
});

/** Before the seconds that the keys take. */
function checkEndpoint(
  { endpointProblem }: typeof import("#lib/config/mod.ts"),
  endpoint: string,
): void {
  const problem = endpointProblem(endpoint);
  if (problem === undefined) return;
  throw new CliError("usage", `Cannot use the cluster endpoint: ${problem}`);
}

export const gen = group({
  name: "gen",
  summary: "Generate certificates, keys and configs",
  flags: {},
  subcommands: [ca, config, crt, csr, key, keypair],
});
