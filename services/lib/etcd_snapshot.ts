/**
 * The form of a snapshot of etcd, as far as it can be checked while it goes
 * by, without reading the database:
 *
 *     0             16
 *     | page header | magic ED 0C DA ED, LE | ... | SHA-256 of all before
 *     |<------ database, a multiple of 512 bytes ------>|<-- 32 bytes -->|
 */
import { createHash } from "node:crypto";
import { AgentError } from "./errors.ts";

const HASH_BYTES = 32;
const PAGE_BYTES = 512;
const MAGIC_AT = 16;
const MAGIC = [0xed, 0xda, 0x0c, 0xed];
const HEAD_BYTES = MAGIC_AT + MAGIC.length;

/** What is wrong with a snapshot. */
export interface SnapshotProblem {
  readonly kind: "foreign" | "cut" | "damaged";
  readonly text: string;
}

/**
 * Whether a cluster may begin with it. A copy of a member's database has no
 * hash; it is one that nobody can verify.
 */
export function mayRecover(
  problem: SnapshotProblem | undefined,
  { skipHashCheck }: { readonly skipHashCheck: boolean },
): boolean {
  return !problem || skipHashCheck && problem.kind !== "foreign";
}

/** It is not what etcd gave out. */
export class SnapshotError extends AgentError<SnapshotProblem> {
  override name = "SnapshotError";

  constructor(problem: SnapshotProblem) {
    super(problem, problem.text);
  }
}

/** Looks at the bytes of one snapshot as they go by. */
export class SnapshotCheck {
  readonly #hash = createHash("sha256");
  #sizeBytes = 0;
  #head: readonly number[] = [];
  /** The last bytes so far: they are the hash if no more come. */
  #tail = new Uint8Array(0);

  /** What has gone by. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  push(piece: Uint8Array): void {
    this.#sizeBytes += piece.length;
    const missing = HEAD_BYTES - this.#head.length;
    if (missing > 0) {
      this.#head = [...this.#head, ...piece.subarray(0, missing)];
    }
    const ends = new Uint8Array([
      ...this.#tail,
      ...piece.subarray(-HASH_BYTES),
    ]);
    if (piece.length >= HASH_BYTES) {
      this.#hash.update(this.#tail).update(piece.subarray(0, -HASH_BYTES));
    } else this.#hash.update(ends.subarray(0, -HASH_BYTES));
    this.#tail = ends.slice(-HASH_BYTES);
  }

  /** Asked once, when all has gone by; undefined: it is whole. */
  problem(): SnapshotProblem | undefined {
    const size = this.#sizeBytes;
    if (MAGIC.some((byte, at) => this.#head[MAGIC_AT + at] !== byte)) {
      return { kind: "foreign", text: "this is no snapshot of etcd" };
    }
    if (size <= HASH_BYTES || size % PAGE_BYTES !== HASH_BYTES) {
      const text = `the snapshot is cut off, or has no hash: ${size} bytes`;
      return { kind: "cut", text };
    }
    const [wanted, found] = [this.#tail.toHex(), this.#hash.digest("hex")];
    if (wanted === found) return undefined;
    const text = `the snapshot is damaged: SHA-256 ${found}, not ${wanted}`;
    return { kind: "damaged", text };
  }
}

/** Passes the bytes on. @throws {SnapshotError} at the end, unless it is whole */
export async function* verified(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const check = new SnapshotCheck();
  for await (const piece of pieces) {
    check.push(piece);
    yield piece;
  }
  const problem = check.problem();
  if (problem) throw new SnapshotError(problem);
}
