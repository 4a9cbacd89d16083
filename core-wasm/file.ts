/** The edge to the file system, through node:fs: the same in Deno and Node. */
import type { FileHandle } from "node:fs/promises";
import type { ByteSink, ByteSource } from "./source.ts";

/** A file as a source and a sink. */
export class FileSource implements ByteSource, ByteSink, AsyncDisposable {
  readonly #handle: FileHandle;
  readonly size: number;

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  /** Opens `path`; `mode` as in fopen: "r", "r+", "w+". */
  static async open(
    path: string,
    mode: "r" | "r+" | "w+" = "r",
  ): Promise<FileSource> {
    const { open } = await import("node:fs/promises");
    const handle = await open(path, mode);
    return new FileSource(handle, (await handle.stat()).size);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, await this.readInto(offset, bytes));
  }

  /** Fills `target` from `offset`; returns how much there was. */
  async readInto(offset: number, target: Uint8Array): Promise<number> {
    const { length } = target;
    let have = 0;
    while (have < length) {
      const { bytesRead } = await this.#handle.read(
        target,
        have,
        length - have,
        offset + have,
      );
      if (bytesRead === 0) break;
      have += bytesRead;
    }
    return have;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        done,
        bytes.length - done,
        offset + done,
      );
      done += bytesWritten;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
