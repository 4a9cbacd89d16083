/**
 * A run of a container through containerd. The shim keeps a container alive
 * when containerd itself goes away, so its absence is waited out; what an
 * earlier run left behind is removed before the next.
 */
import type { Clock } from "#lib/clock.ts";
import type {
  Containerd,
  ContainerOptions,
  RootMount,
} from "#lib/containerd/client.ts";
import { isNotFound, isUnavailable } from "#lib/containerd/errors.ts";
import type { LogSink } from "#lib/log.ts";
import type { FilesystemSys } from "#lib/sys/sys.ts";
import { OutputFifo } from "./fifo.ts";
import type { Runner, RunnerExit } from "./runner.ts";
import { STOP_GRACE_MS } from "./runner_process.ts";

const SIGTERM = 15;
const SIGKILL = 9;
/** While containerd is away. */
const RETRY_MS = 200;
/** How long an earlier run's process may take to die. */
const REMOVE_MS = 10_000;

/** A root that is made for each run and goes with it; `key` is the container. */
export interface ContainerRoot {
  prepare(key: string): Promise<readonly RootMount[]>;
  remove(key: string): Promise<void>;
}

/** What to run, and with what. */
export interface ContainerRunnerOptions {
  readonly container: ContainerOptions;
  /** Mounts of the node, or the layers of an image. */
  readonly rootfs: readonly RootMount[] | ContainerRoot;
  readonly containerd: Containerd;
  /** A directory for the FIFO of its output. */
  readonly stdioDir: string;
  readonly sys: Pick<FilesystemSys, "mknod">;
  readonly clock: Clock;
  /** Takes the lines of both outputs. */
  readonly log: LogSink;
  readonly graceMs?: number;
  /** Before the start, for instance to make what is mounted. */
  readonly prepare?: () => Promise<void>;
}

/** See the top of the file. */
export class ContainerRunner implements Runner {
  readonly description: string;
  readonly #options: ContainerRunnerOptions;
  readonly #exit = Promise.withResolvers<RunnerExit>();
  readonly exited = this.#exit.promise;
  readonly #id: string;
  #stopping = false;

  constructor(options: ContainerRunnerOptions) {
    this.#options = options;
    this.#id = options.container.id;
    this.description = `containerd(${this.#id})`;
  }

  async start(signal: AbortSignal): Promise<string> {
    const { containerd, container, stdioDir, sys, log } = this.#options;
    const id = this.#id;
    signal.throwIfAborted();
    await this.#remove();
    await this.#options.prepare?.();
    const path = `${stdioDir}/${id}.log`;
    const output = await OutputFifo.open(path, { sys, sink: log });
    try {
      const rootfs = await this.#root();
      await containerd.createContainer(container);
      const pid = await containerd.createTask(id, { rootfs, output: path });
      // Before the start: a short life must not end unseen.
      const status = this.#wait();
      await containerd.startTask(id);
      signal.throwIfAborted();
      void this.#finish(status, output);
      return `Started task ${id} (PID ${pid}) for container ${id}`;
    } catch (thrown) {
      await this.#remove();
      await output.close();
      throw thrown;
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const over = new AbortController();
    void this.exited.then(() => over.abort());
    await this.#kill(SIGTERM, over.signal);
    const { clock, graceMs = STOP_GRACE_MS } = this.#options;
    await clock.sleep(graceMs, over.signal).catch(() => {});
    await this.#kill(SIGKILL, over.signal);
    await this.exited;
  }

  /** Resolves with the exit status, whatever happens to containerd meanwhile. */
  async #wait(): Promise<number | undefined> {
    const { containerd, clock } = this.#options;
    for (;;) {
      try {
        return await containerd.waitTask(this.#id);
      } catch (thrown) {
        if (!isUnavailable(thrown)) return undefined;
        await clock.sleep(RETRY_MS);
      }
    }
  }

  async #finish(
    exit: Promise<number | undefined>,
    output: OutputFifo,
  ): Promise<void> {
    const status = await exit;
    await this.#remove().catch(() => {});
    await output.close();
    this.#exit.resolve({
      clean: status === 0 || this.#stopping,
      reason: reasonOf(status),
    });
  }

  /** Tries until it is sent or nobody is left to receive it. */
  async #kill(signal: number, over: AbortSignal): Promise<void> {
    const { containerd, clock } = this.#options;
    while (!over.aborted) {
      try {
        return await containerd.killTask(this.#id, signal, {
          all: signal === SIGKILL,
        });
      } catch (thrown) {
        // Not found, or not running any more: the wait tells.
        if (!isUnavailable(thrown)) return;
        await clock.sleep(RETRY_MS, over).catch(() => {});
      }
    }
  }

  async #root(): Promise<readonly RootMount[]> {
    const { rootfs } = this.#options;
    return "prepare" in rootfs ? await rootfs.prepare(this.#id) : rootfs;
  }

  /** Removes task, container and root of this id, if there are any. */
  async #remove(): Promise<void> {
    const { containerd } = this.#options;
    const task = await containerd.getTask(this.#id);
    if (task) {
      if (task.status !== "STOPPED") await this.#murder();
      await containerd.deleteTask(this.#id).catch(unlessNotFound);
    }
    await containerd.deleteContainer(this.#id).catch(unlessNotFound);
    const { rootfs } = this.#options;
    if ("remove" in rootfs) await rootfs.remove(this.#id);
  }

  async #murder(): Promise<void> {
    const { containerd, clock } = this.#options;
    const limit = new AbortController();
    const gone = containerd.waitTask(this.#id, limit.signal);
    await containerd.killTask(this.#id, SIGKILL, { all: true })
      .catch(unlessNotFound);
    const late = clock.sleep(REMOVE_MS, limit.signal).then(() => {
      throw new Error(`Cannot end task "${this.#id}": it does not die`);
    });
    try {
      await Promise.race([gone, late]);
    } finally {
      limit.abort(new Error("over"));
      await Promise.allSettled([gone, late]);
    }
  }
}

function unlessNotFound(thrown: unknown): void {
  if (!isNotFound(thrown)) throw thrown;
}

/** An exit status above 128 is a signal, as shells and runc have it. */
function reasonOf(status: number | undefined): string {
  if (status === undefined) return "it is gone";
  return status > 128 ? `signal ${status - 128}` : `exit code ${status}`;
}
