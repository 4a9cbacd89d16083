/**
 * A client and a server on @grpc/grpc-js, as programs of their own: Deno's
 * node:http2 beneath it can end its process (denoland/deno#36788), which is
 * why nothing of a node stands on it. `client HOST:PORT DIR` makes calls and
 * prints what came; `server DIR` prints its port and serves.
 */
import * as grpc from "@grpc/grpc-js";
import { Buffer } from "node:buffer";

const UNARY = "/machine.MachineService/Hostname";
const STREAM = "/machine.MachineService/Read";
const same = (bytes: Uint8Array) => Buffer.from(bytes);

function say(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

/** CA, certificate and key as test wrote them into `dir`. */
function identity(dir: string): Buffer[] {
  return ["ca.crt", "peer.crt", "peer.key"].map((name) =>
    Buffer.from(Deno.readFileSync(`${dir}/${name}`))
  );
}

/** How one call ended, and the messages that came in hexadecimal. */
interface Outcome {
  readonly code: number;
  readonly details: string;
  readonly messages: readonly string[];
}

function unary(client: grpc.Client, body: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      UNARY,
      same,
      same,
      body,
      new grpc.Metadata(),
      {},
      (error, reply?: Buffer) =>
        resolve({
          code: error?.code ?? 0,
          details: error?.details ?? "",
          messages: reply ? [reply.toString("hex")] : [],
        }),
    );
  });
}

function stream(client: grpc.Client, body: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const messages: string[] = [];
    const call = client.makeServerStreamRequest(STREAM, same, same, body);
    call.on(
      "data",
      (message: Buffer) => messages.push(message.toString("hex")),
    );
    // The status follows as an event of its own.
    call.on("error", () => {});
    call.on(
      "status",
      ({ code, details }) => resolve({ code, details, messages }),
    );
  });
}

async function runClient(target: string, dir: string): Promise<void> {
  const [ca, crt, key] = identity(dir);
  const client = new grpc.Client(
    target,
    grpc.credentials.createSsl(ca!, key!, crt!),
    { "grpc.ssl_target_name_override": "node" },
  );
  // Field 1: "x" is answered, "bad" is refused.
  say(await unary(client, Buffer.alloc(0)));
  say(await stream(client, Buffer.from("0a0178", "hex")));
  say(await stream(client, Buffer.from("0a03626164", "hex")));
}

async function runServer(dir: string): Promise<void> {
  const [ca, crt, key] = identity(dir);
  const server = new grpc.Server();
  const codec = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  server.addService(
    {
      hostname: {
        ...codec,
        path: UNARY,
        requestStream: false,
        responseStream: false,
      },
      read: {
        ...codec,
        path: STREAM,
        requestStream: false,
        responseStream: true,
      },
    },
    {
      // messages[0].hostname = "js"
      hostname: (_: unknown, reply: grpc.sendUnaryData<Buffer>) =>
        reply(null, Buffer.from("0a0412026a73", "hex")),
      read: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
        for (let n = 0; n < 3; n++) call.write(Buffer.from("120178", "hex"));
        call.emit("error", { code: grpc.status.NOT_FOUND, details: "no more" });
      },
    },
  );
  const credentials = grpc.ServerCredentials.createSsl(
    ca!,
    [{ private_key: key!, cert_chain: crt! }],
    true,
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(
      "127.0.0.1:0",
      credentials,
      (error, port) => error ? reject(error) : resolve(port),
    )
  );
  say(port);
}

if (import.meta.main) {
  const [role = "", ...rest] = Deno.args;
  if (role === "client") {
    await runClient(rest[0]!, rest[1]!);
    Deno.exit(0);
  }
  await runServer(rest[0]!);
}
