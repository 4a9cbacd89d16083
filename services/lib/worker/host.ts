/**
 * The main program of a service host (`/usr/lib/talos/host.js NAME [SOCKET]`):
 * joins the workers of the host to machined's control socket. It decides
 * nothing and lives no longer than its connection.
 */
import { messageOf } from "../errors.ts";
import { controlSocket } from "../paths.ts";
import { keepHeapSmall } from "./heap.ts";
import { HostWorkers } from "./host_workers.ts";
import { Outbox } from "./outbox.ts";
import { HEARTBEAT_MS } from "./protocol.ts";
import {
  COMMAND_BYTES_MAX,
  decodeCommand,
  encodeLine,
  LineSplitter,
} from "./wire.ts";

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += await to.write(bytes.subarray(written));
  }
}

/** Serves until machined closes the connection. */
async function serveHost(connection: Deno.Conn): Promise<void> {
  const outbox = new Outbox();
  const workers = new HostWorkers((report) => outbox.push(report));
  const beat = () => void outbox.push({ type: "heartbeat", worker: "" });
  beat();
  setInterval(beat, HEARTBEAT_MS);
  const sending = outbox.drainTo((report) =>
    writeAll(connection, encodeLine(report))
  );
  const receiving = (async () => {
    const lines = new LineSplitter(COMMAND_BYTES_MAX);
    const buffer = new Uint8Array(64 * 1024);
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) return;
      for (const line of lines.push(buffer.subarray(0, count))) {
        workers.obey(decodeCommand(line));
      }
    }
  })();
  await Promise.race([sending, receiving, workers.stuck]);
}

async function main([name = "", socket]: readonly string[]): Promise<number> {
  try {
    const path = socket ?? controlSocket(name);
    await serveHost(await Deno.connect({ transport: "unix", path }));
    return 0;
  } catch (thrown) {
    const text = `Cannot host "${name}": ${messageOf(thrown)}\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(text));
    return 1;
  }
}

if (import.meta.main) {
  keepHeapSmall();
  // As the init of its container it would not be ended by it otherwise.
  Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
  // Also with workers that hang: a host without machined has no business.
  Deno.exit(await main(Deno.args));
}
