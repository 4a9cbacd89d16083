/** What is given a mutant: the readers, and the decoders of verity and images. */
import process from "node:process";
import {
  bufferSource,
  CoreError,
  decodeManifest,
  decodeSuperblock,
  encodeManifest,
  encodeSuperblock,
  ImageError,
  loadCore,
  MEMORY_LIMIT,
  openSquashfs,
} from "#core-wasm/mod.ts";
import { openReferenceSquashfs, Reference } from "#core-wasm/reference/mod.ts";
import { exercise } from "#tests/squashfs/exercise.ts";
import { Dice } from "#tests/squashfs/dice.ts";
import { mangled, type Mutant } from "#tests/squashfs/mutants.ts";

/** Throws when what it is given ends in anything but a result or a refusal. */
export type Target = (mutant: Mutant) => Promise<void>;

/** The readers by name; and some that show that the watchdog barks. */
export const TARGETS: Readonly<Record<string, () => Promise<Target>>> = {
  async wasm() {
    const core = await loadCore();
    return async ({ bytes }) => {
      await exercise(() => openSquashfs(core, bufferSource(bytes)));
      const { memoryBytes } = core;
      if (memoryBytes > MEMORY_LIMIT) throw new Error(`${memoryBytes} bytes`);
    };
  },
  reference() {
    const reference = new Reference();
    return Promise.resolve(async ({ bytes }) => {
      await exercise(() =>
        openReferenceSquashfs(reference, bufferSource(bytes))
      );
    });
  },
  async both() {
    const core = await loadCore();
    const reference = new Reference();
    return async ({ bytes }) => {
      const source = bufferSource(bytes);
      const one = await exercise(() => openSquashfs(core, source));
      const other = await exercise(() =>
        openReferenceSquashfs(reference, source)
      );
      if (one.first && other.first) return;
      const at = one.seen.findIndex((line, i) => line !== other.seen[i]);
      if (at < 0) return;
      throw new Error(`${one.seen[at]}, the reference: ${other.seen[at]}`);
    };
  },
  hangs: () =>
    Promise.resolve(() => {
      while (true);
    }),
  drags: () =>
    Promise.resolve(() => {
      const started = process.cpuUsage();
      while (process.cpuUsage(started).user < 1_500_000) {
        for (let i = 0; i < 10_000_000; i++);
      }
      return Promise.resolve();
    }),
  dies: () => Promise.resolve(() => Deno.exit(3)),
  grows() {
    const kept: Uint8Array[] = [];
    return Promise.resolve(() => {
      kept.push(new Uint8Array(80 << 20));
      return Promise.resolve();
    });
  },
  throws: () => Promise.resolve(() => Promise.reject(new Error("on purpose"))),
};

const RECORDS = {
  manifest: encodeManifest({
    ...{ version: "v0.9.0", sizeBytes: 8192, algorithm: "sha256" },
    ...{ dataBlockSize: 4096, hashBlockSize: 512 },
    salt: new Uint8Array(32).fill(0xaa),
    rootHash: new Uint8Array(32).fill(0x11),
    keyId: new Uint8Array(32).fill(0x22),
  }),
  verity: encodeSuperblock({
    ...{ algorithm: "sha256", dataBlockSize: 4096, hashBlockSize: 512 },
    ...{ dataBlocks: 100, hashOffset: 0, superblock: true },
    salt: new Uint8Array(32).fill(0xaa),
  }, new Uint8Array(16)),
};

/** Small records are quick: each number of a run mangles both of them too. */
export function decodeMangledRecords(seed: number, number: number): void {
  const dice = new Dice(seed, ~number);
  const decoders = {
    manifest: decodeManifest,
    verity: (bytes: Uint8Array) => decodeSuperblock(bytes, 0),
  };
  for (const name of ["manifest", "verity"] as const) {
    try {
      decoders[name](mangled(dice, RECORDS[name]));
    } catch (error) {
      if (error instanceof CoreError || error instanceof ImageError) continue;
      throw error;
    }
  }
}
