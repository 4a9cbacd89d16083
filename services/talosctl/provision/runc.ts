/** runc of the host: the pinned one that was built with the image. */
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import { CommandError } from "#lib/command.ts";
import { type Host, loggedArgv } from "./processes.ts";

/** `_out/` of the checkout, or what the launcher says. */
export function outDir(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return Deno.env.get("TALOS_OUT") ?? join(here, "..", "..", "..", "_out");
}

/** The program. */
export function runcPath(): string {
  return join(outDir(), "lib", "runc");
}

/** What `runc state` says of one container. */
export interface RuncState {
  readonly pid: number;
  readonly status: "creating" | "created" | "running" | "paused" | "stopped";
}

/** One container of one state directory of runc. */
export class RuncContainer {
  readonly #host: Host;
  readonly #root: string;
  readonly #id: string;

  constructor(host: Host, { root, id }: { root: string; id: string }) {
    this.#host = host;
    this.#root = root;
    this.#id = id;
  }

  #argv(...args: string[]): string[] {
    return [runcPath(), "--root", this.#root, ...args];
  }

  /**
   * Makes namespaces, mounts and cgroup; PID 1 waits for {@linkcode start}.
   * Its output goes to the file `console`. Returns its pid.
   */
  async create(bundle: string, console_: string): Promise<number> {
    const pidFile = join(bundle, "pid");
    // The container inherits the descriptors of `runc create`, so its errors
    // go to a log of their own.
    const log = join(bundle, "runc.log");
    const argv = this.#argv("--log", log, "create", "--bundle", bundle);
    argv.push("--pid-file", pidFile, this.#id);
    try {
      await this.#host(loggedArgv(console_, argv));
    } catch (thrown) {
      if (!(thrown instanceof CommandError)) throw thrown;
      const text = await Deno.readTextFile(log).catch(() => "");
      throw new Error(
        `runc cannot create "${this.#id}": ${text.trim().slice(-1000)}`,
      );
    }
    return Number(await Deno.readTextFile(pidFile));
  }

  async start(): Promise<void> {
    await this.#host(this.#argv("start", this.#id));
  }

  /** `undefined` when runc does not know it. */
  async state(): Promise<RuncState | undefined> {
    try {
      return JSON.parse(await this.#host(this.#argv("state", this.#id)));
    } catch (thrown) {
      if (thrown instanceof CommandError) return undefined;
      throw thrown;
    }
  }

  /** Kills and removes it, in whatever state it is. */
  async remove(): Promise<void> {
    await this.#host(this.#argv("delete", "--force", this.#id));
  }
}
