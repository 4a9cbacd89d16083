/** Waiting until the nodes of a new cluster answer through apid. */
import type { Clock } from "#lib/clock.ts";
import { messageOf } from "#lib/errors.ts";
import { PORTS } from "#lib/paths.ts";
import { connect, createClient } from "#lib/rpc/client.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { ProvisionError, type Report } from "./provision.ts";

/** Whom to ask, and as whom. */
export interface WaitOptions {
  /** Addresses of control planes; each is tried. */
  readonly endpoints: readonly string[];
  /** Addresses of all nodes. */
  readonly nodes: readonly string[];
  /** PEM of the administrator. */
  readonly tls: { ca: string; crt: string; key: string };
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Names of nodes that ended; they will never answer. */
  stopped(): Promise<readonly string[]>;
}

const PAUSE_MS = 200;
/** A node that is not up refuses at once; one that is slow is asked again. */
const CALL_MS = 3_000;

/** Asks all nodes once through `endpoint`; returns those that answered. */
async function ask(
  endpoint: string,
  { nodes, tls, signal }: WaitOptions,
): Promise<{ answered: string[]; problem: string }> {
  // A new connection each time: a channel that failed backs off for seconds.
  const channel = connect({
    target: { host: endpoint, port: PORTS.apid },
    tls,
  });
  try {
    const { messages } = await createClient(MachineService, channel).version(
      {},
      { metadata: { nodes }, timeoutMs: CALL_MS, signal },
    );
    const metadata = messages.map((message) => message.metadata);
    const failed = metadata.find((each) => each?.error);
    const answered = metadata.filter((each) => each && each.error === "");
    return {
      answered: answered.map((each) => each!.hostname),
      problem: failed ? `${failed.hostname}: ${failed.error}` : "",
    };
  } catch (thrown) {
    signal.throwIfAborted();
    return { answered: [], problem: `${endpoint}: ${messageOf(thrown)}` };
  } finally {
    channel.close();
  }
}

/**
 * Resolves when every node has answered `Version`.
 *
 * @throws {ProvisionError} when a node ended or time is over.
 */
export async function waitForNodes(
  options: WaitOptions,
  report: Report,
): Promise<void> {
  const { clock, endpoints, nodes, signal, timeoutMs } = options;
  const started = clock.monotonic();
  const seen = new Set<string>();
  for (let turn = 0;; turn++) {
    const endpoint = endpoints[turn % endpoints.length]!;
    const { answered, problem } = await ask(endpoint, options);
    for (const node of answered) {
      if (seen.has(node)) continue;
      seen.add(node);
      report(`node ${node} answers`);
    }
    if (nodes.every((node) => answered.includes(node))) return;
    const ended = await options.stopped();
    if (ended.length > 0) {
      throw new ProvisionError(
        { kind: "died", node: ended[0]! },
        `Node "${
          ended[0]
        }" ended before it answered; see its console.log in the state directory`,
      );
    }
    if (clock.monotonic() - started > timeoutMs) {
      throw new ProvisionError(
        { kind: "silent", nodes: nodes.filter((node) => !seen.has(node)) },
        `Not all nodes answered in ${timeoutMs / 1000} s: ${problem}`,
      );
    }
    await clock.sleep(PAUSE_MS, signal);
  }
}
