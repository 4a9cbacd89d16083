/** A run of a plain process: containerd, udevd. */
import type { LogSink } from "#lib/log.ts";
import { spawnChild } from "../children.ts";
import type { Runner, RunnerExit } from "./runner.ts";
import { pumpLines } from "./text_lines.ts";

/** Between SIGTERM and SIGKILL. */
export const STOP_GRACE_MS = 10_000;
/** Output of a process that is gone may be held open by its children. */
const OUTPUT_GRACE_MS = 500;

/** What to run. */
export interface ProcessOptions {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  /** The whole environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Takes the lines of both outputs. */
  readonly log: LogSink;
  readonly graceMs?: number;
}

/** See the top of the file. */
export class ProcessRunner implements Runner {
  readonly description: string;
  readonly #options: ProcessOptions;
  readonly #exit = Promise.withResolvers<RunnerExit>();
  readonly exited = this.#exit.promise;
  #child: Deno.ChildProcess | undefined;
  #stopping = false;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.description = `Process(${JSON.stringify(options.command)})`;
  }

  start(signal: AbortSignal): Promise<string> {
    const { command: [program, ...args], env = {}, log } = this.#options;
    try {
      signal.throwIfAborted();
      const child = spawnChild(program, {
        args,
        env: { ...env },
        clearEnv: true,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      });
      this.#child = child;
      void this.#watch(child, log);
      return Promise.resolve(
        `Process ${this.description} started with PID ${child.pid}`,
      );
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#stopping = true;
    kill(child, "SIGTERM");
    const force = setTimeout(
      () => kill(child, "SIGKILL"),
      this.#options.graceMs ?? STOP_GRACE_MS,
    );
    await this.exited;
    clearTimeout(force);
  }

  async #watch(child: Deno.ChildProcess, log: LogSink): Promise<void> {
    const over = new AbortController();
    const output = Promise.all([
      pumpLines(child.stdout, log, over.signal),
      pumpLines(child.stderr, log, over.signal),
    ]);
    const { success, code, signal } = await child.status;
    const grace = setTimeout(() => over.abort(), OUTPUT_GRACE_MS);
    await output;
    clearTimeout(grace);
    this.#exit.resolve({
      clean: success || this.#stopping,
      reason: signal ? `signal ${signal}` : `exit code ${code}`,
    });
  }
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It is gone already.
  }
}
