/**
 * A snapshot on its way to become this node's data: received, ordered by a
 * bootstrap, restored. Its name says how far it is, so that a crash leaves
 * either the order, which is carried out then, or the data:
 *
 *     recover.snapshot.new        it is being received
 *     recover.snapshot            it has been; forgotten with this process
 *     restore.snapshot            a bootstrap has ordered it
 *     restore-unverified.snapshot the same, whatever its hash says
 *     restored/member             it is being restored
 *     member                      data: nothing of the above counts any more
 */
import { orAborted } from "#lib/abort.ts";
import {
  mayRecover,
  SnapshotCheck,
  type SnapshotProblem,
} from "#lib/etcd_snapshot.ts";
import type { Files } from "../files.ts";
import { EtcdError } from "./error.ts";
import { ETCD_PATHS } from "./paths.ts";

/** What {@linkcode EtcdRecovery} works with. */
export interface EtcdRecoveryOptions {
  readonly files: Pick<
    Files,
    "mkdir" | "replace" | "move" | "remove" | "removeTree" | "realPath"
  >;
  /** A larger snapshot is refused. */
  readonly sizeMax?: number;
  /** How long a sender may send nothing. */
  readonly silenceMs?: number;
}

/** What is to be restored. */
export interface Restore {
  readonly snapshot: string;
  readonly skipHashCheck: boolean;
  /** A directory that is not there; afterwards it has `member`. */
  readonly into: string;
}

/** etcd itself advises against more than 8 GiB. */
const SIZE_MAX = 8 * 2 ** 30;
const SILENCE_MS = 60_000;
/** Its secrets are the cluster's. */
const MODE = 0o600;

const inData = (name: string) => `${ETCD_PATHS.data}/${name}`;
const MEMBER = inData("member");
const RECEIVED = inData("recover.snapshot");
const RECEIVING = `${RECEIVED}.new`;
const VERIFIED = inData("restore.snapshot");
const UNVERIFIED = inData("restore-unverified.snapshot");
const RESTORED = inData("restored");

/** See the top of the file. */
export class EtcdRecovery {
  readonly #files: EtcdRecoveryOptions["files"];
  readonly #sizeMax: number;
  readonly #silenceMs: number;
  #receiving = false;
  #restoring = false;
  /** One order takes the place of another: nobody looks meanwhile. */
  #ordering: Promise<void> = Promise.resolve();
  /** What was received, and what is wrong with it. */
  #received: { readonly problem: SnapshotProblem | undefined } | undefined;

  constructor(options: EtcdRecoveryOptions) {
    this.#files = options.files;
    this.#sizeMax = options.sizeMax ?? SIZE_MAX;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
  }

  /** @throws {EtcdError} when this node is a member, or was one. */
  async refuseData(): Promise<void> {
    if (await this.#files.realPath(MEMBER) === undefined) return;
    const text = `etcd data directory is not empty: this node has been ` +
      "bootstrapped or has joined a cluster";
    throw new EtcdError("alreadyExists", text);
  }

  /** Takes a snapshot in place of an earlier one; whole, or nothing of it. */
  async receive(
    pieces: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void> {
    this.#refuseBusy();
    this.#receiving = true;
    try {
      await this.refuseData();
      this.#received = undefined;
      await this.#files.remove(RECEIVED);
      await this.#files.mkdir(ETCD_PATHS.data, 0o700);
      const check = new SnapshotCheck();
      const all = this.#looked(this.#inTime(pieces, signal), check);
      await this.#files.replace(RECEIVED, all, MODE);
      this.#received = { problem: check.problem() };
    } finally {
      this.#receiving = false;
    }
    // The node may have joined a cluster meanwhile.
    await this.refuseData().catch(async (thrown) => {
      await this.#forget();
      throw thrown;
    });
  }

  /** Orders the restore of what was received. */
  async order(
    { skipHashCheck }: { readonly skipHashCheck: boolean },
  ): Promise<void> {
    this.#refuseBusy();
    if (!this.#received) {
      const text = "no snapshot has been uploaded to recover from";
      throw new EtcdError("failedPrecondition", text);
    }
    const { problem } = this.#received;
    if (!mayRecover(problem, { skipHashCheck })) {
      const text = `Cannot recover etcd: ${problem?.text}`;
      throw new EtcdError("failedPrecondition", text);
    }
    const ordering = this.#replaceOrder(problem ? UNVERIFIED : VERIFIED);
    this.#ordering = ordering.catch(() => {});
    await ordering;
  }

  /** An earlier one goes first: there is never a choice between two. */
  async #replaceOrder(path: string): Promise<void> {
    this.#received = undefined;
    await this.#files.remove(VERIFIED);
    await this.#files.remove(UNVERIFIED);
    await this.#files.move(RECEIVED, path);
  }

  /** Nothing is to be restored. */
  async drop(): Promise<void> {
    this.#refuseBusy();
    await this.#forget();
  }

  /** Removes what nobody asks for: with data, everything. */
  async tidy({ hasData }: { readonly hasData: boolean }): Promise<void> {
    if (hasData) await this.#forget();
    else if (!this.#receiving && !this.#received) {
      await this.#files.remove(RECEIVING);
      await this.#files.remove(RECEIVED);
    }
  }

  /** Carries out an order by `restore`; whether there was one. */
  async carryOut(
    restore: (what: Restore) => Promise<void>,
  ): Promise<boolean> {
    await this.#ordering;
    const isThere = async (path: string) =>
      await this.#files.realPath(path) !== undefined;
    const verified = await isThere(VERIFIED);
    if (!verified && !await isThere(UNVERIFIED)) return false;
    this.#restoring = true;
    try {
      await this.#files.removeTree(RESTORED);
      await restore({
        snapshot: verified ? VERIFIED : UNVERIFIED,
        skipHashCheck: !verified,
        into: RESTORED,
      });
      await this.#files.move(`${RESTORED}/member`, MEMBER);
      await this.#forget();
      return true;
    } finally {
      this.#restoring = false;
    }
  }

  async #forget(): Promise<void> {
    if (!this.#receiving) {
      this.#received = undefined;
      await this.#files.remove(RECEIVING);
      await this.#files.remove(RECEIVED);
    }
    await this.#files.remove(VERIFIED);
    await this.#files.remove(UNVERIFIED);
    await this.#files.removeTree(RESTORED);
  }

  #refuseBusy(): void {
    if (!this.#restoring && !this.#receiving) return;
    const what = this.#restoring ? "restored" : "received";
    throw new EtcdError("failedPrecondition", `a snapshot is being ${what}`);
  }

  async *#looked(
    pieces: AsyncIterable<Uint8Array>,
    check: SnapshotCheck,
  ): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      check.push(piece);
      if (check.sizeBytes > this.#sizeMax) {
        const text = `the snapshot is larger than ${this.#sizeMax} bytes`;
        throw new EtcdError("tooLarge", text);
      }
      yield piece;
    }
  }

  /** One timer for all: a sender that has vanished must not keep others out. */
  async *#inTime(
    pieces: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const silence = new AbortController();
    const either = AbortSignal.any([signal, silence.signal]);
    const listen = () =>
      setTimeout(() => {
        const text = `nothing came in ${this.#silenceMs / 1_000} s`;
        silence.abort(new EtcdError("deadlineExceeded", text));
      }, this.#silenceMs);
    const from = pieces[Symbol.asyncIterator]();
    let timer = listen();
    try {
      for (;;) {
        const next = await orAborted(from.next(), either);
        clearTimeout(timer);
        if (next.done) return;
        yield next.value;
        timer = listen();
      }
    } finally {
      clearTimeout(timer);
      // Not awaited: one that waits for its sender ends only when that comes.
      from.return?.()?.catch?.(() => {});
    }
  }
}
