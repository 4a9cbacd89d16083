/**
 * A real registry (Debian's docker-registry) with one small image of one
 * static program, for tests of pulls. Its storage is a directory, so that a
 * test can damage what it serves.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { join } from "@std/path";
import { ProcessRunner } from "../../services/machined/supervisor/runner_process.ts";
import { provide } from "../../rootfs/components/cache.ts";
import { debian } from "../../rootfs/components/deb.ts";
import { eventually } from "./eventually.ts";

const REGISTRY = debian("docker-registry", [{
  name: "docker-registry",
  version: "2.8.2+ds1-1",
  pool: "debian/pool/main/d/docker-registry",
  arch: "amd64",
  sha256: "a9bd06c0e006854608f8469b4371743f40604ad90975532bb3b7ceeb72fe2913",
}]);

/** `user:secret`, hashed with bcrypt. */
const HTPASSWD =
  "user:$2b$05$u0GwiKoYq1rwcGDflO7F2OfT3ZuDn4esdvF9XmY6VeMjC8yl6YkRC\n";

/** What the registry asks for when it wants credentials. */
export const REGISTRY_USER = { username: "user", password: "secret" };

const encode = (value: unknown) =>
  new TextEncoder().encode(JSON.stringify(value));

/** `sha256:...` */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** One file of a tar archive (ustar), with what ends the archive. */
function tarOf(name: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const padded = Math.ceil(bytes.length / 512) * 512;
  const tar = new Uint8Array(512 + padded + 1024);
  const put = (text: string, at: number) =>
    tar.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number) =>
    value.toString(8).padStart(digits, "0") + "\0";
  put(name, 0);
  put(octal(0o755, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(bytes.length, 11), 124);
  put(octal(0, 11), 136);
  put("        0", 148);
  put("ustar\x0000", 257);
  const sum = tar.subarray(0, 512).reduce((a, b) => a + b, 0);
  put(octal(sum, 6) + " ", 148);
  tar.set(bytes, 512);
  return tar;
}

/** How a registry is served. */
export interface RegistryOptions {
  /** Only to {@linkcode REGISTRY_USER}. */
  readonly auth?: boolean;
  /** By TLS, to clients with a certificate of `clientCa`; all PEM. */
  readonly tls?: {
    readonly crt: string;
    readonly key: string;
    readonly clientCa: string;
  };
  /** Serves what this one has, too. */
  readonly sharing?: TestRegistry;
}

/** See the top of the file. */
export class TestRegistry implements AsyncDisposable {
  readonly dir: string;
  /** `127.0.0.1:5000` */
  readonly address: string;
  readonly lines: string[] = [];
  #runner: ProcessRunner | undefined;

  private constructor(dir: string, address: string) {
    this.dir = dir;
    this.address = address;
  }

  /** Serves at `address`. */
  static async start(
    address: string,
    { auth = false, tls, sharing }: RegistryOptions = {},
  ): Promise<TestRegistry> {
    const { dir: part } = await provide(REGISTRY);
    const dir = await Deno.makeTempDir({ prefix: "talos-registry-" });
    const registry = new TestRegistry(dir, address);
    const put = async (name: string, text: string) => {
      await Deno.writeTextFile(join(dir, name), text);
      return join(dir, name);
    };
    const htpasswd = { realm: "test", path: await put("htpasswd", HTPASSWD) };
    const config = {
      version: "0.1",
      log: { level: "error", accesslog: { disabled: true } },
      storage: {
        filesystem: { rootdirectory: join(sharing?.dir ?? dir, "storage") },
      },
      http: {
        addr: address,
        ...tls && {
          tls: {
            certificate: await put("crt", tls.crt),
            key: await put("key", tls.key),
            clientcas: [await put("ca", tls.clientCa)],
          },
        },
      },
      ...auth && { auth: { htpasswd } },
    };
    const runner = new ProcessRunner({
      command: [
        join(part, "usr/bin/docker-registry"),
        "serve",
        await put("config.json", JSON.stringify(config)),
      ],
      log: (line) => registry.lines.push(line),
    });
    registry.#runner = runner;
    await runner.start(new AbortController().signal);
    const [hostname, port] = address.split(":") as [string, string];
    await eventually(async () => {
      const connection = await Deno.connect({ hostname, port: Number(port) });
      connection.close();
      return true;
    }, { what: "the registry" });
    return registry;
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const { username, password } = REGISTRY_USER;
    const url = new URL(path, `http://${this.address}`);
    const headers = {
      ...init.headers as Record<string, string>,
      authorization: `Basic ${btoa(`${username}:${password}`)}`,
    };
    const response = await fetch(url, { ...init, headers });
    await response.body?.cancel();
    if (!response.ok) {
      throw new Error(`${init.method} ${url}: ${response.status}`);
    }
    return response;
  }

  async #pushBlob(name: string, bytes: Uint8Array<ArrayBuffer>) {
    const digest = digestOf(bytes);
    const { headers } = await this.#send(`/v2/${name}/blobs/uploads/`, {
      method: "POST",
    });
    const place = new URL(headers.get("location")!, `http://${this.address}`);
    place.searchParams.set("digest", digest);
    await this.#send(place.href, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body: bytes,
    });
    return { digest, size: bytes.length };
  }

  /**
   * Pushes an image `name:tag` whose root is the file `program` under
   * `/program`. Returns the digest of its layer.
   */
  async push(
    reference: string,
    { program, cmd }: { program: Uint8Array; cmd: readonly string[] },
  ): Promise<string> {
    const [name, tag] = reference.split(":") as [string, string];
    const tar = tarOf("program", program);
    const layer = await this.#pushBlob(name, new Uint8Array(gzipSync(tar)));
    const config = await this.#pushBlob(
      name,
      encode({
        os: "linux",
        architecture: "amd64",
        config: { Cmd: cmd, Env: ["PATH=/"] },
        rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
      }),
    );
    const type = "application/vnd.oci.image";
    await this.#send(`/v2/${name}/manifests/${tag}`, {
      method: "PUT",
      headers: { "content-type": `${type}.manifest.v1+json` },
      body: encode({
        schemaVersion: 2,
        mediaType: `${type}.manifest.v1+json`,
        config: { mediaType: `${type}.config.v1+json`, ...config },
        layers: [{ mediaType: `${type}.layer.v1.tar+gzip`, ...layer }],
      }),
    });
    return layer.digest;
  }

  /** Flips one bit in the middle of a blob that the registry has. */
  async damage(digest: string): Promise<void> {
    const hex = digest.split(":")[1]!;
    const path = join(
      this.dir,
      "storage/docker/registry/v2/blobs/sha256",
      hex.slice(0, 2),
      hex,
      "data",
    );
    const bytes = await Deno.readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await Deno.writeFile(path, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner?.stop();
    await Deno.remove(this.dir, { recursive: true });
  }
}
