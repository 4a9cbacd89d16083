/** Our gRPC server and client against those of @grpc/grpc-js, mutual TLS. */
import { assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { createLogger } from "#lib/log.ts";
import { Ca, generateCa, tlsKey } from "#lib/pki/mod.ts";
import { connect, createClient } from "#lib/rpc/client.ts";
import { bind, serve } from "#lib/rpc/server.ts";
import { Code, RpcError, rpcError } from "#lib/rpc/status.ts";
import { MachineService } from "#proto/machine_pb.ts";

const PEER = fileURLToPath(new URL("./grpc_js.ts", import.meta.url));

/** A CA, and leaves for our side and the peer's, the latter as files. */
async function identities(dir: string) {
  const pair = await generateCa({ kind: "machine" });
  const ca = await Ca.load(pair);
  const leaf = () =>
    ca.issuePair({
      names: ["node"],
      addresses: ["127.0.0.1"],
      usages: ["server", "client"],
    });
  const [own, peer] = [await leaf(), await leaf()];
  await Deno.writeTextFile(`${dir}/ca.crt`, pair.crt);
  await Deno.writeTextFile(`${dir}/peer.crt`, peer.crt);
  // The seed era's label for Ed25519 keys is its own.
  await Deno.writeTextFile(`${dir}/peer.key`, tlsKey(peer.key));
  return { ca: pair.crt, ...own };
}

function startPeer(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", PEER, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

Deno.test("a grpc-js client understands our server", async () => {
  const dir = await Deno.makeTempDir();
  const { ca, crt, key } = await identities(dir);
  const tls = { crt, key, clientCa: ca };
  const server = await serve({
    listen: { host: "127.0.0.1", port: 0, tls },
    services: [bind(MachineService, {
      hostname: () => ({ messages: [{ hostname: "ours" }] }),
      read: async function* ({ path }) {
        if (path === "bad") throw rpcError("NotFound", `no "${path}"`);
        for (let n = 0; n < 3; n++) yield { bytes: new Uint8Array([n]) };
      },
    })],
    log: createLogger(() => {}),
  });
  const child = startPeer(["client", `127.0.0.1:${server.port}`, dir]);
  const said = await new Response(child.stdout).text();
  await child.status;
  assertEquals(said.trim().split("\n").map((line) => JSON.parse(line)), [
    { code: 0, details: "", messages: ["0a0612046f757273"] },
    { code: 0, details: "", messages: ["120100", "120101", "120102"] },
    { code: Code.NotFound, details: 'no "bad"', messages: [] },
  ]);
  await server.stop();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("our client understands a grpc-js server", async () => {
  const dir = await Deno.makeTempDir();
  const tls = await identities(dir);
  const child = startPeer(["server", dir]);
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value));
  const channel = connect({ target: { host: "127.0.0.1", port }, tls });
  const client = createClient(MachineService, channel);
  const { messages } = await client.hostname({}, { timeoutMs: 5_000 });
  assertEquals(messages.map(({ hostname }) => hostname), ["js"]);
  let came = 0;
  const end = await assertRejects(
    async () => {
      for await (const { bytes } of client.read({}, { timeoutMs: 5_000 })) {
        came += bytes.length;
      }
    },
    RpcError,
    "no more",
  );
  assertEquals([came, end.code], [3, Code.NotFound]);
  channel.close();
  child.kill("SIGKILL");
  await reader.cancel();
  await child.status;
  await Deno.remove(dir, { recursive: true });
});
