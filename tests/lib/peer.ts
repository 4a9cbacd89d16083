/** Drives the Go peers of tests/peers/: one process a call, or a server. */
import { buildPeer, type Peer } from "../peers/build.ts";

/** What one call of a peer brought; messages in hexadecimal. */
export interface PeerResult {
  readonly code: number;
  readonly message: string;
  readonly messages: readonly string[];
  readonly header: Readonly<Record<string, readonly string[]>> | null;
  readonly trailer: Readonly<Record<string, readonly string[]>> | null;
  readonly millis: number;
}

/** What a load run measured. */
export interface PeerLoad {
  readonly calls: number;
  readonly errors: number;
  readonly perSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  readonly bytes: number;
  readonly lastError: string;
}

type Flags = Readonly<Record<string, string | number | boolean>>;

function argsOf(flags: Flags): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

/** Runs a peer to its end and reads the JSON that it prints. */
async function run<T>(peer: Peer, command: string, flags: Flags): Promise<T> {
  const { code, stdout, stderr } = await new Deno.Command(
    await buildPeer(peer),
    { args: [command, ...argsOf(flags)], stdin: "null" },
  ).output();
  if (code !== 0) {
    throw new Error(
      `peer ${peer} ${command}: ${new TextDecoder().decode(stderr)}`,
    );
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** One call, as a client of the seed era makes it. */
export function peerCall(flags: Flags, peer: Peer = "seed") {
  return run<PeerResult>(peer, "call", flags);
}

/** Load for some seconds. */
export function peerLoad(flags: Flags, peer: Peer = "seed") {
  return run<PeerLoad>(peer, "load", flags);
}

/** A peer that serves until it is disposed. */
export interface PeerServer extends AsyncDisposable {
  readonly pid: number;
  /** The address that it printed, for instance `127.0.0.1:40123`. */
  readonly address: string;
}

/** Starts `seed backend|router|front`; resolves when it listens. */
export async function startPeer(
  command: "backend" | "router" | "front",
  flags: Flags,
): Promise<PeerServer> {
  const child = new Deno.Command(await buildPeer("seed"), {
    args: [command, ...argsOf(flags)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`peer ${command} ended before it listened`);
    text += value;
  }
  return {
    pid: child.pid,
    address: text.trim().split(" ").at(-1)!,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}
