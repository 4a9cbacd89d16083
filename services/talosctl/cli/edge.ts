/**
 * The only file of talosctl that touches Deno: terminal, environment, files,
 * signals. Commands take {@linkcode Edge}, tests give their own.
 */
import { dirname } from "@std/path";

/** Where bytes for the user go. Resolves when they are handed on. */
export type Sink = (data: string | Uint8Array) => Promise<void>;

/** What is written to a file. */
export type FileData = Uint8Array | string | AsyncIterable<Uint8Array>;

/** The world as a command sees it. */
export interface Edge {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Of the terminal that stderr is; undefined: it is none. */
  columns(): number | undefined;
  env(name: string): string | undefined;
  /** Undefined when it does not exist. */
  readFile(path: string): Promise<Uint8Array | undefined>;
  /** A file that may be large, as it is asked for. */
  readPieces(path: string): AsyncIterable<Uint8Array>;
  /**
   * Replaces the file in one step, once all of `data` has come; its folder is
   * made with mode 0700.
   */
  writeFile(path: string, data: FileData, mode: number): Promise<void>;
  isDirectory(path: string): Promise<boolean>;
  /** For checks that cannot wait. */
  existsSync(path: string): boolean;
  /** Everything of standard input. */
  stdin(): Promise<Uint8Array>;
  /** Minutes that local time is ahead of UTC at `epochMs`. */
  zoneOffsetMinutes(epochMs: number): number;
  /** `deno2.9.6`, where the seed era had the version of Go. */
  readonly runtime: string;
  readonly os: string;
  /** `amd64` or `arm64`, as in the API. */
  readonly arch: string;
}

/** The reader of our standard output has gone. */
export class ClosedPipe extends Error {
  override name = "ClosedPipe";
}

type Stream = { write(data: Uint8Array): Promise<number> };

function sink(stream: Stream): Sink {
  const encoder = new TextEncoder();
  return async (data) => {
    let rest = typeof data === "string" ? encoder.encode(data) : data;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(await stream.write(rest));
      } catch (thrown) {
        if (thrown instanceof Deno.errors.BrokenPipe) throw new ClosedPipe();
        throw thrown;
      }
    }
  };
}

async function readFile(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

const PIECE_BYTES = 64 << 10;

async function* readPieces(path: string): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path);
  for (;;) {
    const piece = new Uint8Array(PIECE_BYTES);
    const read = await file.read(piece);
    if (read === null) return;
    yield piece.subarray(0, read);
  }
}

async function* pieces(data: FileData): AsyncGenerator<Uint8Array> {
  if (typeof data === "string") yield new TextEncoder().encode(data);
  else if (data instanceof Uint8Array) yield data;
  else yield* data;
}

async function writeFile(
  path: string,
  data: FileData,
  mode: number,
): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    const file = await Deno.open(temporary, {
      write: true,
      createNew: true,
      mode,
    });
    try {
      for await (const bytes of pieces(data)) {
        for (let at = 0; at < bytes.length;) {
          at += await file.write(bytes.subarray(at));
        }
      }
      // The umask may have taken bits away that were asked for.
      await Deno.chmod(temporary, mode);
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
  } catch (thrown) {
    await Deno.remove(temporary).catch(() => {});
    throw thrown;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const stat = await Deno.stat(path).catch(() => undefined);
  return stat?.isDirectory ?? false;
}

function existsSync(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

async function readAll(stream: ReadableStream<Uint8Array>) {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A terminal that does not say how wide it is. */
const COLUMNS = 80;

function columns(): number | undefined {
  if (!Deno.stderr.isTerminal()) return undefined;
  try {
    return Deno.consoleSize().columns || COLUMNS;
  } catch {
    return COLUMNS;
  }
}

/** The words after the program's name. */
export const commandLine: readonly string[] = Deno.args;

/** The real one. */
export const realEdge: Edge = {
  stdout: sink(Deno.stdout),
  stderr: sink(Deno.stderr),
  columns,
  env: (name) => Deno.env.get(name),
  readFile,
  readPieces,
  writeFile,
  isDirectory,
  existsSync,
  stdin: () => readAll(Deno.stdin.readable),
  zoneOffsetMinutes: (epochMs) => -new Date(epochMs).getTimezoneOffset(),
  runtime: `deno${Deno.version.deno}`,
  os: Deno.build.os,
  arch: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
};

/**
 * Runs `program` with a signal that the first SIGINT or SIGTERM aborts; the
 * second one ends the process on the spot. Never returns.
 */
export async function runProcess(
  args: readonly string[],
  program: (args: readonly string[], signal: AbortSignal) => Promise<number>,
): Promise<never> {
  const abort = new AbortController();
  let asked = 0;
  const onSignal = () => {
    asked++;
    if (asked > 1) Deno.exit(130);
    abort.abort();
  };
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  Deno.exit(await program(args, abort.signal));
}
