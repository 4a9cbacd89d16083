/**
 * Output of a container through a FIFO, which its shim writes. Deno reads
 * files on a thread that a blocked read keeps; so the FIFO is open for reading
 * and writing here, never at its end, and one line of our own wakes the last
 * read.
 */
import { dirname } from "@std/path";
import type { LogSink } from "#lib/log.ts";
import { S_IFIFO } from "#lib/sys/constants.ts";
import type { FilesystemSys } from "#lib/sys/sys.ts";
import { TextLines } from "./text_lines.ts";

/** Wakes the last read; a NUL never is a line of text. */
const WAKE = new Uint8Array([0]);

/** One FIFO, from its making to its removal. */
export class OutputFifo {
  readonly path: string;
  readonly #reader: Deno.FsFile;
  readonly #pump: Promise<void>;
  #closing = false;

  private constructor(path: string, reader: Deno.FsFile, sink: LogSink) {
    this.path = path;
    this.#reader = reader;
    this.#pump = this.#read(new TextLines(sink));
  }

  /** Makes `path`, in place of whatever is there, and reads lines from it. */
  static async open(
    path: string,
    { sys, sink }: { sys: Pick<FilesystemSys, "mknod">; sink: LogSink },
  ): Promise<OutputFifo> {
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await Deno.remove(path).catch(() => {});
    sys.mknod(path, S_IFIFO | 0o600, { major: 0, minor: 0 });
    const reader = await Deno.open(path, { read: true, write: true });
    return new OutputFifo(path, reader, sink);
  }

  /** Resolves when all that was written has been read. */
  async close(): Promise<void> {
    this.#closing = true;
    const waker = await Deno.open(this.path, { write: true });
    await waker.write(WAKE);
    waker.close();
    await this.#pump;
    this.#reader.close();
    await Deno.remove(this.path).catch(() => {});
  }

  /** Never rejects: a log is not worth a service. */
  async #read(lines: TextLines): Promise<void> {
    const buffer = new Uint8Array(16 * 1024);
    for (;;) {
      const count = await this.#reader.read(buffer).catch(() => null);
      if (count === null) break;
      const last = this.#closing && buffer[count - 1] === 0;
      lines.push(buffer.subarray(0, last ? count - 1 : count));
      if (last) break;
    }
    lines.flush();
  }
}
