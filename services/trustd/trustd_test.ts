/**
 * trustd over TLS on the loopback, and the requester of workers against it.
 * Loopback addresses are never signed, so the server is told that its peers
 * come from elsewhere.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "#lib/clock.ts";
import { createLogger } from "#lib/log.ts";
import { Ca, generateCa } from "#lib/pki/ca.ts";
import { isSignedBy, readCertificate } from "#lib/pki/certificate.ts";
import { createCsr } from "#lib/pki/csr.ts";
import {
  IdentityError,
  issueNodeIdentity,
  nodeSubject,
  trustdRequester,
} from "#lib/pki/identity.ts";
import { generateKey } from "#lib/pki/keys.ts";
import { toBase64 } from "#lib/pki/pem.ts";
import { connect, createClient } from "#lib/rpc/client.ts";
import { bind, serve } from "#lib/rpc/server.ts";
import { RpcError } from "#lib/rpc/status.ts";
import type { WorkerConfig } from "#lib/worker/protocol.ts";
import { SecurityService } from "#proto/security_pb.ts";
import { authorizeByToken, securityHandlers } from "./api.ts";
import { settingsOf } from "./config.ts";
import { Trustd, TrustdError } from "./trustd.ts";

const TOKEN = "abcdef.0123456789abcdef";
const WORKER = "10.5.0.3";
const pair = await generateCa({ kind: "machine" });
const otherPair = await generateCa({ kind: "machine" });

const CONFIG: WorkerConfig = {
  config: {
    machine: {
      token: TOKEN,
      ca: { crt: toBase64(pair.crt), key: toBase64(pair.key) },
      certSANs: ["api.example.org"],
    },
    cluster: { controlPlane: { endpoint: "https://[fd00::9]:6443" } },
  },
  node: {
    mode: "container",
    hostname: "master-1",
    version: "test",
    addresses: ["10.5.0.2"],
  },
};

interface Running {
  readonly port: number;
  readonly lines: string[];
  readonly folder: string;
}

/** Runs `test` against a trustd whose peers come from `peer`. */
async function withTrustd(
  test: (running: Running) => Promise<void>,
  peer = WORKER,
) {
  const lines: string[] = [];
  const folder = await Deno.makeTempDir();
  const log = createLogger((line) => lines.push(line));
  const trustd = new Trustd({ clock: systemClock, log });
  const settings = settingsOf(CONFIG);
  await trustd.configure(settings);
  const tls = await issueNodeIdentity(pair, {
    ...nodeSubject(CONFIG.node, ["127.0.0.1"]),
    usages: ["server"],
    roles: [],
  });
  const handlers = securityHandlers(
    { certificate: (csr) => trustd.certificate(csr, peer) },
    [{ path: `${folder}/shared`, access: "read and write", maxBytes: 1024 }],
  );
  const server = await serve({
    listen: { host: "127.0.0.1", port: 0, tls },
    services: [bind(SecurityService, handlers)],
    authorize: authorizeByToken(trustd),
    log,
    graceMs: 200,
  });
  try {
    await test({ port: server.port, lines, folder });
  } finally {
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** One call as a seed-era peer makes it: TLS unverified, token beside. */
async function call<T>(
  port: number,
  token: string | undefined,
  use: (client: ReturnType<typeof createClient<typeof SecurityService>>) => T,
): Promise<Awaited<T>> {
  const channel = connect({
    target: { host: "127.0.0.1", port },
    tls: { insecure: true },
    ...(token !== undefined && { metadata: { token } }),
  });
  try {
    return await use(createClient(SecurityService, channel));
  } finally {
    channel.close();
  }
}

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("a request for os:admin gets a leaf for servers and no role", async () => {
  await withTrustd(async ({ port, lines }) => {
    const keys = await generateKey("Ed25519");
    const csr = await createCsr({
      keys,
      organizations: ["os:admin", ""],
      names: ["worker-1", "master-1", "api.example.org"],
      addresses: [WORKER, "10.5.0.2", "fd00::9"],
    });
    const reply = await call(
      port,
      TOKEN,
      (client) => client.certificate({ csr: encode(csr) }),
    );
    assertEquals(decode(reply.ca), pair.crt);
    const facts = await readCertificate(decode(reply.crt));
    assertEquals(facts.organizations, []);
    assertEquals(facts.commonName, "");
    assertEquals(facts.names, ["worker-1"]);
    assertEquals(facts.addresses, [WORKER]);
    assertEquals(facts.usages, ["server"]);
    assertEquals(facts.isCa, false);
    assert(isSignedBy(decode(reply.crt), pair.crt));
    const warned = lines.filter((line) => line.includes(" warn "));
    assertEquals(warned.map((line) => line.slice(25)), [
      "warn did not grant 10.5.0.3: 10.5.0.2, fd00::9, master-1, api.example.org",
    ]);
    assert(!lines.join().includes(TOKEN), "the token is in the log");
  });
});

Deno.test("a certificate of another's address is not signed", async () => {
  await withTrustd(async ({ port }) => {
    const keys = await generateKey("Ed25519");
    const csr = await createCsr({ keys, addresses: ["10.5.0.4"] });
    const error = await assertRejects(
      () => call(port, TOKEN, (c) => c.certificate({ csr: encode(csr) })),
      RpcError,
    );
    assertEquals(
      error.message,
      "rpc error: code = PermissionDenied desc = certificate request " +
        'comes from "10.5.0.3" but names "10.5.0.4"',
    );
  });
});

Deno.test("a wrong token is Unknown, Unauthenticated, and nothing is written", async (t) => {
  await withTrustd(async ({ port, folder }) => {
    const path = `${folder}/shared`;
    for (const token of ["abcdef.0123456789abcdeg", "", undefined]) {
      await t.step(`token ${token}`, async () => {
        const error = await assertRejects(
          () =>
            call(
              port,
              token,
              (c) => c.writeFile({ path, data: encode("x"), perm: 0o644 }),
            ),
          RpcError,
        );
        assertEquals(
          error.message,
          "rpc error: code = Unknown desc = Unauthenticated",
        );
        assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
      });
    }
    await t.step("the right one writes and reads", async () => {
      await call(
        port,
        TOKEN,
        (c) => c.writeFile({ path, data: encode("x"), perm: 0o644 }),
      );
      const read = await call(port, TOKEN, (c) => c.readFile({ path }));
      assertEquals(decode(read.data), "x");
    });
    await t.step("no other path", async () => {
      for (const other of ["/etc/os-release", `${folder}/../x`]) {
        const error = await assertRejects(
          () => call(port, TOKEN, (c) => c.readFile({ path: other })),
          RpcError,
        );
        assertEquals(error.codeName, "PermissionDenied");
      }
    });
  });
});

Deno.test("an address that calls too often is held back", async () => {
  await withTrustd(async ({ port }) => {
    const codes: string[] = [];
    await call(port, TOKEN, async (client) => {
      for (let n = 0; n < 30; n++) {
        await client.readFile({ path: "x" }).catch((thrown: RpcError) =>
          codes.push(thrown.codeName)
        );
      }
    });
    assert(codes.includes("ResourceExhausted"), codes.join());
    assertEquals(codes[0], "PermissionDenied");
  });
});

function requester(
  port: number,
  over: Partial<Parameters<typeof trustdRequester>[0]> = {},
) {
  const warnings: string[] = [];
  const request = trustdRequester({
    endpoints: () => ["127.0.0.1"],
    port,
    token: TOKEN,
    ca: pair.crt,
    subject: () => ({ names: ["worker-1"], addresses: [WORKER] }),
    warn: (text) => warnings.push(text),
    timeoutMs: 3_000,
    ...over,
  });
  return { warnings, ask: () => request(new AbortController().signal) };
}

Deno.test("a worker gets its identity, with a new key each time", async () => {
  await withTrustd(async ({ port }) => {
    const { ask, warnings } = requester(port);
    const [one, two] = [await ask(), await ask()];
    assertEquals(one.ca, pair.crt);
    assert(one.key !== two.key, "the key was used again");
    assert(
      one.key.startsWith("-----BEGIN PRIVATE KEY-----"),
      "form of the key",
    );
    assertEquals((await readCertificate(one.crt)).names, ["worker-1"]);
    assertEquals(warnings, []);
    // What it got serves TLS.
    const server = await serve({
      listen: { host: "127.0.0.1", port: 0, tls: one },
      services: [],
      log: createLogger(() => {}),
    });
    await server.stop();
  });
});

Deno.test("endpoints are tried in their order until one answers", async () => {
  await withTrustd(async ({ port }) => {
    const { ask } = requester(port, {
      endpoints: () => ["127.0.0.9", "127.0.0.1"],
    });
    assertEquals((await ask()).ca, pair.crt);
  });
});

Deno.test("a trustd of another CA, or with another name, gets no token", async (t) => {
  await withTrustd(async ({ port, lines }) => {
    const cases = {
      "another CA": { ca: otherPair.crt },
      "another name": { endpoints: () => ["localhost"] },
      "nobody": { endpoints: () => [] },
    };
    for (const [name, over] of Object.entries(cases)) {
      await t.step(name, async () => {
        await assertRejects(() => requester(port, over).ask(), IdentityError);
      });
    }
    assertEquals(lines, []);
  });
});

Deno.test("without a CA the first one is trusted, with a warning", async () => {
  await withTrustd(async ({ port }) => {
    const { ca: _, ...rest } = { ca: undefined };
    const warnings: string[] = [];
    const request = trustdRequester({
      endpoints: () => ["127.0.0.1"],
      port,
      token: TOKEN,
      subject: () => ({ names: [], addresses: [WORKER] }),
      warn: (text) => warnings.push(text),
      ...rest,
    });
    const { signal } = new AbortController();
    assertEquals((await request(signal)).ca, pair.crt);
    await request(signal);
    assertEquals(warnings.length, 1);
    assert(warnings[0]!.includes("could not be verified"), warnings[0]);
  });
});

Deno.test("a wrong token is told to the worker", async () => {
  await withTrustd(async ({ port }) => {
    const { ask } = requester(port, { token: "wrong" });
    const error = await assertRejects(ask, IdentityError);
    assertEquals(error.problem.reasons, [
      "127.0.0.1: rpc error: code = Unknown desc = Unauthenticated",
    ]);
  });
});

Deno.test("a node without the CA's key cannot be trustd", async () => {
  const trustd = new Trustd({
    clock: systemClock,
    log: createLogger(() => {}),
  });
  const settings = settingsOf({ ...CONFIG, config: {} });
  await assertRejects(
    () => trustd.configure(settings),
    TrustdError,
    "no machine CA",
  );
  await assertRejects(
    () =>
      trustd.configure({
        ...settings,
        ca: { crt: pair.crt, key: otherPair.key },
      }),
  );
});

Deno.test("what is reserved comes from all over the config", () => {
  assertEquals(settingsOf(CONFIG).reserved, [
    "10.5.0.2",
    "master-1",
    "fd00::9",
    "api.example.org",
  ]);
});

Deno.test("a control plane's own certificate speaks for others, both ways", async () => {
  const identity = await issueNodeIdentity(pair, nodeSubject(CONFIG.node));
  const facts = await readCertificate(identity.crt);
  assertEquals(facts.organizations, ["os:impersonator"]);
  assertEquals(facts.usages, ["server", "client"]);
  assertEquals(facts.names, ["master-1"]);
  assertEquals(facts.addresses, ["10.5.0.2"]);
  await Ca.load(pair);
});
