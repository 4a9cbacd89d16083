/** core-wasm against hash-wasm and node:crypto, in turns in one process. */
import { type Algorithm, loadCore } from "#core-wasm/mod.ts";
import * as hashWasm from "hash-wasm";
import { createHash } from "node:crypto";
import { type Figure, figure } from "./figure.ts";

const SIZE = 16 << 20;
const TURNS = 12;

const PEERS: Readonly<Record<Algorithm, () => Promise<hashWasm.IHasher>>> = {
  sha256: () => hashWasm.createSHA256(),
  sha512: () => hashWasm.createSHA512(),
  blake3: () => hashWasm.createBLAKE3(),
  crc32: () => hashWasm.createCRC32(),
  crc32c: () => hashWasm.createCRC32(0x82f63b78),
  xxh64: () => hashWasm.createXXHash64(),
};

/** MB/s of each, the best of many turns, so that all see the same machine. */
function race(runs: readonly (() => void)[], bytes: number): number[] {
  const best = runs.map(() => 0);
  for (let turn = 0; turn < TURNS; turn++) {
    runs.forEach((run, i) => {
      const started = performance.now();
      run();
      const rate = bytes / 1e3 / (performance.now() - started);
      best[i] = Math.max(best[i]!, rate);
    });
  }
  return best;
}

export async function run(print: (figure: Figure) => void): Promise<void> {
  const core = await loadCore();
  const bytes = new Uint8Array(SIZE);
  for (let at = 0; at < SIZE; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  for (const algorithm of Object.keys(PEERS) as Algorithm[]) {
    const peer = await PEERS[algorithm]();
    const runs = [
      () => void core.hash(algorithm, bytes),
      () => void peer.init().update(bytes).digest(),
    ];
    const node = algorithm === "sha256" || algorithm === "sha512";
    if (node) {
      runs.push(() => void createHash(algorithm).update(bytes).digest());
    }
    const [value, other, native] = race(runs, SIZE) as [number, number, number];
    const name = `core-wasm ${algorithm}`;
    const unit = "MB/s";
    print(
      figure({
        name,
        value,
        unit,
        anchor: { name: "hash-wasm", value: other },
      }),
    );
    if (node) {
      const anchor = { name: "node:crypto", value: native };
      print(figure({ name, value, unit, anchor }));
    }
  }
}
