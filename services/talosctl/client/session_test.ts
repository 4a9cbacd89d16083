/** Sessions against pretend nodes: failover, causes, exit codes, Ctrl-C. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createServer, type Socket } from "node:net";
import { Ca, issueAdmin } from "#lib/pki/ca.ts";
import { readCertificate } from "#lib/pki/certificate.ts";
import type { PemPair } from "#lib/pki/pem.ts";
import {
  type Answer,
  type CliOptions,
  type CliOutput,
  FakeNode,
  makeCa,
  runCli,
  talosconfigFor,
} from "#tests/talosctl.ts";

const ca = await makeCa();
const HOSTNAME = {
  "machine.MachineService/Version": {
    messages: [{ version: { tag: "v1", sha: "x" } }],
  },
} satisfies Record<string, Answer>;

/** A loopback port that refuses connections. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** Runs `args` with a talosconfig of its own. */
async function check(
  args: string[],
  config: Parameters<typeof talosconfigFor>[1] & { ca?: PemPair },
  options: CliOptions = {},
): Promise<CliOutput> {
  const path = await Deno.makeTempFile();
  try {
    const text = await talosconfigFor(config.ca ?? ca, config);
    await Deno.writeTextFile(path, text);
    return await runCli(["--talosconfig", path, ...args], options);
  } finally {
    await Deno.remove(path);
  }
}

const QUICK = ["version", "--short"];

Deno.test("the next endpoint answers when one is unreachable", async () => {
  await using node = await FakeNode.start({ ca, answers: HOSTNAME });
  const dead = `127.0.0.1:${await closedPort()}`;
  // The order is random; dead ones outnumber the live one.
  const endpoints = [dead, node.endpoint, "127.0.0.1:1", "127.0.0.2:1"];
  for (let i = 0; i < 5; i++) {
    const got = await check(QUICK, { endpoints });
    assertEquals(got.code, 0, got.stderr);
    assertStringIncludes(got.stdout, "Server 127.0.0.1 v1-x");
  }
  assertEquals(node.seen.length, 5);
});

Deno.test("an endpoint that accepts and says nothing is passed over", async () => {
  await using node = await FakeNode.start({ ca, answers: HOSTNAME });
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  const silent = `127.0.0.1:${port}`;
  const got = await check(QUICK, { endpoints: [silent, node.endpoint] });
  for (const socket of sockets) socket.destroy();
  await new Promise((done) => server.close(done));
  assertEquals(got.code, 0, got.stderr);
});

Deno.test("load is spread over endpoints", async () => {
  await using a = await FakeNode.start({ ca, answers: HOSTNAME });
  await using b = await FakeNode.start({ ca, answers: HOSTNAME });
  const endpoints = [a.endpoint, b.endpoint];
  for (let i = 0; i < 40 && !(a.seen.length && b.seen.length); i++) {
    assertEquals((await check(QUICK, { endpoints })).code, 0);
  }
  assert(a.seen.length > 0 && b.seen.length > 0, "one of them was never used");
});

Deno.test("no endpoint reachable is exit code 4 and says each", async () => {
  const dead = await closedPort();
  const got = await check(QUICK, { endpoints: [`127.0.0.1:${dead}`] });
  assertEquals(got.code, 4);
  assertEquals(
    got.stderr,
    `error: Cannot reach "127.0.0.1": connection refused; ` +
      "check --endpoints and that the node is up\n",
  );
});

Deno.test("what an endpoint answered is not asked of the next one", async () => {
  const answers: Record<string, Answer> = {
    "machine.MachineService/Version": {
      error: { code: "Unavailable", message: "routerd is down" },
    },
  };
  await using a = await FakeNode.start({ ca, answers });
  await using b = await FakeNode.start({ ca, answers });
  const got = await check(QUICK, { endpoints: [a.endpoint, b.endpoint] });
  assertEquals(got.code, 4);
  assertStringIncludes(got.stderr, "routerd is down");
  assertEquals(a.seen.length + b.seen.length, 1);
});

/** Certificates that no node accepts, and what is said of each. */
const BAD_CERTIFICATES: {
  name: string;
  identity: (ca: Ca) => Promise<PemPair>;
  now?: number;
  says: string;
}[] = [
  {
    name: "none",
    identity: () => Promise.resolve({ crt: "", key: "" }),
    says: "the context has no client certificate",
  },
  {
    name: "of another CA",
    identity: async () => await issueAdmin(await Ca.load(await makeCa())),
    says: "the client certificate is not of the context's CA",
  },
  {
    name: "expired",
    identity: (ca) => issueAdmin(ca, { validityMs: 1_000 }),
    now: Date.now() + 60_000,
    says: "the client certificate expired on ",
  },
  {
    name: "not valid yet",
    identity: (ca) =>
      issueAdmin(ca, { clock: { now: () => Date.now() + 3_600_000 } }),
    says: "is the clock right?",
  },
  {
    name: "a worker's own",
    identity: (ca) =>
      ca.issuePair({ usages: ["server"], addresses: ["10.5.0.3"] }),
    says: "the certificate is for servers only",
  },
  {
    name: "with another's key",
    identity: async (ca) => ({
      crt: (await issueAdmin(ca)).crt,
      key: (await issueAdmin(ca)).key,
    }),
    says: "the key does not belong to the client certificate",
  },
  {
    name: "no certificate at all",
    identity: () => Promise.resolve({ crt: "junk", key: "junk" }),
    says: "its certificates are unreadable",
  },
];

Deno.test("a bad own certificate is exit code 5, before anything is dialled", async (t) => {
  await using node = await FakeNode.start({ ca, answers: HOSTNAME });
  for (const { name, identity, now, says } of BAD_CERTIFICATES) {
    await t.step(name, async () => {
      const got = await check(QUICK, {
        endpoints: [node.endpoint],
        identity: await identity(await Ca.load(ca)),
      }, now === undefined ? {} : { now });
      assertEquals(got.code, 5, got.stderr);
      assertStringIncludes(got.stderr, says);
      assertEquals(got.stderr.trimEnd().split("\n").length, 1);
      assertEquals(node.seen, []);
    });
  }
});

Deno.test("a cluster of another CA is exit code 5 and named", async () => {
  await using node = await FakeNode.start({ answers: HOSTNAME });
  const got = await check(QUICK, { endpoints: [node.endpoint] });
  assertEquals(got.code, 5, got.stderr);
  assertStringIncludes(
    got.stderr,
    "the server's certificate is not of the context's CA",
  );
  assertEquals(node.seen, []);
});

Deno.test("a server that has another name is exit code 5 and named", async () => {
  await using node = await FakeNode.start({
    ca,
    answers: HOSTNAME,
    addresses: ["10.5.0.2"],
  });
  const got = await check(QUICK, { endpoints: [node.endpoint] });
  assertEquals(got.code, 5, got.stderr);
  assertStringIncludes(got.stderr, `certificate is not for "127.0.0.1"`);
});

Deno.test("a server that refuses our certificate is exit code 5", async () => {
  // The server has a certificate of our CA, but trusts another for clients.
  await using node = await FakeNode.start({
    ca,
    clientCa: (await makeCa()).crt,
    answers: HOSTNAME,
  });
  const got = await check(QUICK, { endpoints: [node.endpoint] });
  assertEquals(got.code, 5, got.stderr);
  assertStringIncludes(got.stderr, "refuses the client certificate");
});

Deno.test("a role that does not reach is exit code 5 and named", async () => {
  await using node = await FakeNode.start({
    ca,
    answers: {
      "machine.MachineService/Shutdown": {
        error: { code: "PermissionDenied", message: "needs os:operator" },
      },
    },
  });
  const got = await check(["shutdown"], {
    endpoints: [node.endpoint],
    identity: await issueAdmin(await Ca.load(ca), { roles: ["os:reader"] }),
  });
  assertEquals(got.code, 5);
  assertStringIncludes(got.stderr, "the certificate has os:reader");
});

Deno.test("a node that never answers is exit code 7", async () => {
  await using node = await FakeNode.start({
    ca,
    answers: { "machine.MachineService/Logs": ["hold"] },
  });
  const got = await check(["logs", "apid", "--timeout", "300ms"], {
    endpoints: [node.endpoint],
  });
  assertEquals(got.code, 7, got.stderr);
  assertStringIncludes(got.stderr, "allow more time with --timeout");
});

Deno.test("Ctrl-C ends a followed log without a word", async () => {
  await using node = await FakeNode.start({
    ca,
    answers: {
      "machine.MachineService/Logs": [{ bytes: btoa("line\n") }, "hold"],
    },
  });
  const abort = new AbortController();
  const got = await check(["logs", "-f", "apid"], {
    endpoints: [node.endpoint],
  }, { signal: abort.signal, onStdout: () => abort.abort() });
  assertEquals(got, { code: 130, stdout: "127.0.0.1: line\n", stderr: "" });
});

Deno.test("Ctrl-C while dialling ends at once", async () => {
  // Accepts and says nothing, as a host behind a dead balancer.
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  const abort = new AbortController();
  const sockets: Socket[] = [];
  server.on("connection", (socket) => {
    sockets.push(socket);
    abort.abort();
  });
  const got = await check(["memory"], { endpoints: [`127.0.0.1:${port}`] }, {
    signal: abort.signal,
  });
  assertEquals(got, { code: 130, stdout: "", stderr: "" });
  for (const socket of sockets) socket.destroy();
  await new Promise((done) => server.close(done));
});

Deno.test("nodes: flags beat the context, none is none", async () => {
  await using node = await FakeNode.start({ ca, answers: HOSTNAME });
  const config = { endpoints: [node.endpoint], nodes: ["10.5.0.2"] };
  await check(QUICK, config);
  await check(["-n", "a,b", "-n", "a", ...QUICK], config);
  await check(QUICK, { endpoints: [node.endpoint] });
  assertEquals(node.seen.map(({ nodes }) => nodes), [
    ["10.5.0.2"],
    ["a", "b"],
    [],
  ]);
});

/** A node that has no config yet: any client, a certificate of no CA. */
async function maintenanceNode() {
  const node = await FakeNode.start({
    anyClient: true,
    answers: {
      "machine.MachineService/ApplyConfiguration": { messages: [{}] },
    },
  });
  const file = await Deno.makeTempFile();
  const apply = ["apply-config", "--insecure", "-f", file];
  return {
    node,
    apply: [...apply, "-n", node.endpoint],
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]();
      await Deno.remove(file);
    },
  };
}

Deno.test("--insecure talks to a node of no CA, without a talosconfig", async () => {
  await using fresh = await maintenanceNode();
  const got = await runCli(fresh.apply, { env: { HOME: "/nonexistent" } });
  assertEquals(got, { code: 0, stdout: "", stderr: "" });
  assertEquals(fresh.node.seen.length, 1);
  assertEquals(fresh.node.seen[0]!.nodes, []);
});

Deno.test("--cert-fingerprint pins the key of the node", async () => {
  await using fresh = await maintenanceNode();
  const { keyFingerprint } = await readCertificate(fresh.node.crt);
  const right = await runCli(
    [...fresh.apply, "--cert-fingerprint", keyFingerprint],
  );
  assertEquals(right.code, 0, right.stderr);
  const wrong = await runCli(
    [...fresh.apply, "--cert-fingerprint", btoa("x".repeat(32))],
  );
  assertEquals(wrong.code, 5, wrong.stderr);
  assertStringIncludes(wrong.stderr, `fingerprint ${keyFingerprint}`);
  assertEquals(fresh.node.seen.length, 1);
});
