/**
 * The endpoint of a local cluster: a process on the gateway's address that
 * passes each connection on to a control plane whose API server is ready. It
 * decodes nothing; whoever connects sees that API server's own certificate.
 * (trustd is not behind it: it believes a worker only about the address that
 * it comes from.)
 */
import { request } from "node:https";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "@std/path";
import { type Host, selfArgv, startDetached } from "./processes.ts";
import type { StatePaths } from "./state.ts";

/** Hidden command: `cluster balancer-launch <state dir> <address> <node>...`. */
const COMMAND = "balancer-launch";
/** Of the API servers, and of the balancer. */
export const API_PORT = 6443;

/** Between two looks at a control plane, and how long one may take. */
const LOOK_MS = 1_000;
/** Looks that fail before its connections are closed: it may be busy once. */
const MISSES = 2;
const CONNECT_MS = 1_000;
/** More are closed: a client must not take all descriptors. */
const CONNECTIONS_MAX = 4_096;

/** Starts the balancer of the cluster in `paths`. */
export async function startBalancer(
  host: Host,
  paths: StatePaths,
  { gateway, nodes }: { gateway: string; nodes: readonly string[] },
): Promise<void> {
  const argv = [...selfArgv(), "cluster", COMMAND, paths.dir, gateway];
  const log = join(paths.dir, "balancer.log");
  await startDetached(host, [...argv, ...nodes], log);
}

/** One control plane, as the balancer knows it. */
class Backend {
  readonly host: string;
  readonly port: number;
  readonly sockets = new Set<Socket>();
  #misses = MISSES;

  constructor({ host, port }: { host: string; port: number }) {
    this.host = host;
    this.port = port;
  }

  get ready(): boolean {
    return this.#misses < MISSES;
  }

  /** What a look found; a second miss closes what is left hanging on it. */
  note(ready: boolean): void {
    this.#misses = ready ? 0 : this.#misses + 1;
    if (this.#misses !== MISSES) return;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Whether its API server says that it is ready. */
  look(): Promise<boolean> {
    const { host, port } = this;
    return new Promise((resolve) => {
      const asked = request({
        ...{ host, port, path: "/readyz", timeout: CONNECT_MS, agent: false },
        // Nothing is sent, and nothing of the answer but its status believed.
        rejectUnauthorized: false,
      }, (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      });
      asked.on("timeout", () => asked.destroy(new Error("timeout")));
      asked.on("error", () => resolve(false));
      asked.end();
    });
  }

  dial(): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ ...this, noDelay: true });
      const late = setTimeout(() => socket.destroy(), CONNECT_MS);
      socket.once("connect", () => {
        clearTimeout(late);
        resolve(socket);
      });
      socket.once("close", () => {
        clearTimeout(late);
        resolve(undefined);
      });
      socket.on("error", () => {});
    });
  }
}

/** What a balancer listens on, and passes to. */
export interface BalancerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly backends: readonly {
    readonly host: string;
    readonly port: number;
  }[];
  readonly lookMs?: number;
}

/** See the top of the file. */
export class Balancer {
  readonly #server: Server;
  readonly #backends: readonly Backend[];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #clients = new Set<Socket>();
  #next = 0;

  private constructor({ backends, lookMs = LOOK_MS }: BalancerOptions) {
    this.#backends = backends.map((backend) => new Backend(backend));
    this.#server = createServer({ noDelay: true }, (client) => {
      void this.#serve(client);
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
    const look = () => {
      for (const backend of this.#backends) {
        void backend.look().then((ready) => backend.note(ready));
      }
    };
    look();
    this.#timer = setInterval(look, lookMs);
  }

  /** Listens; rejects when it cannot. */
  static async start(options: BalancerOptions): Promise<Balancer> {
    const balancer = new Balancer(options);
    try {
      await new Promise<void>((resolve, reject) => {
        balancer.#server.once("error", reject);
        balancer.#server.listen(options.listen, resolve);
      });
      return balancer;
    } catch (thrown) {
      clearInterval(balancer.#timer);
      throw thrown;
    }
  }

  /** The port that it listens on. */
  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.destroy();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  /** Those that are ready first, beginning with another each time. */
  #order(): Backend[] {
    const from = this.#next++ % this.#backends.length;
    const turned = [
      ...this.#backends.slice(from),
      ...this.#backends.slice(0, from),
    ];
    return turned.sort((a, b) => Number(b.ready) - Number(a.ready));
  }

  async #serve(client: Socket): Promise<void> {
    this.#clients.add(client);
    client.on("error", () => {});
    client.once("close", () => this.#clients.delete(client));
    for (const backend of this.#order()) {
      const socket = await backend.dial();
      if (client.destroyed) return void socket?.destroy();
      if (!socket) continue;
      backend.sockets.add(socket);
      socket.once("close", () => {
        backend.sockets.delete(socket);
        client.destroy();
      });
      client.once("close", () => socket.destroy());
      // Ends are passed on, and pauses: pipe() waits for the slower side.
      client.pipe(socket);
      socket.pipe(client);
      return;
    }
    client.destroy();
  }
}
