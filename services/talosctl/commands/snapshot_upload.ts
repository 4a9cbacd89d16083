/**
 * A snapshot of etcd on its way to a node: read once to be verified, and only
 * then once more to be sent.
 */
import { mayRecover, SnapshotCheck } from "#lib/etcd_snapshot.ts";
import { MachineService } from "#proto/machine_pb.ts";
import type { Context } from "../cli/context.ts";
import { CliError } from "../cli/errors.ts";
import { LiveLines } from "../render/live_lines.ts";
import { formatBytes } from "../render/size.ts";
import { settle } from "./report.ts";

/** Which snapshot. */
export interface SnapshotFile {
  readonly path: string;
  readonly skipHashCheck: boolean;
}

/** How often the progress is told; on a terminal it stays on its line. */
const TELL_MS = { terminal: 250, lines: 5_000 };

async function* read({ edge, signal }: Context, path: string) {
  try {
    for await (const piece of edge.readPieces(path)) {
      signal.throwIfAborted();
      yield piece;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw new CliError("failure", `Cannot read "${path}"`, { cause });
  }
}

/** Its size. @throws {CliError} unless the cluster may begin with it */
async function verify(
  context: Context,
  { path, skipHashCheck }: SnapshotFile,
): Promise<number> {
  const check = new SnapshotCheck();
  for await (const piece of read(context, path)) check.push(piece);
  const problem = check.problem();
  if (mayRecover(problem, { skipHashCheck })) return check.sizeBytes;
  const next = problem?.kind === "cut"
    ? { next: "a copy of a member's database needs --recover-skip-hash-check" }
    : {};
  const text = `Cannot recover from "${path}": ${problem?.text}`;
  throw new CliError("failure", text, next);
}

/** Sends it to the one node. @throws {CliError} when the node refuses it */
export async function uploadSnapshot(
  context: Context,
  file: SnapshotFile,
): Promise<void> {
  const { edge, clock } = context;
  const total = formatBytes(await verify(context, file));
  const session = await context.session();
  const columns = edge.columns();
  const lines = new LiveLines(columns);
  const tellMs = columns === undefined ? TELL_MS.lines : TELL_MS.terminal;
  const say = (state: string) =>
    edge.stderr(
      lines.say(`uploading the snapshot: ${state}`, clock.monotonic()),
    );
  async function* pieces() {
    let sent = 0;
    let toldMs = -Infinity;
    for await (const bytes of read(context, file.path)) {
      if (clock.monotonic() - toldMs >= tellMs) {
        await say(`${formatBytes(sent)} of ${total}`);
        toldMs = clock.monotonic();
      }
      yield { bytes };
      sent += bytes.length;
    }
  }
  try {
    const { method } = MachineService;
    const { failures } = await session.upload(method.etcdRecover, pieces);
    await settle(context, 0, failures);
    await say("OK");
  } finally {
    await edge.stderr(lines.end());
  }
}
