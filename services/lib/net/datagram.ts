/**
 * One question and its answer by UDP. The socket lives for one exchange, on a
 * port that the kernel chose, and only what comes from the asked address and
 * port is looked at.
 */
import dgram from "node:dgram";

/** One question. */
export interface Question<T> {
  /** An IPv4 address, not a name. */
  readonly address: string;
  readonly port: number;
  /** Made when the socket is bound, so that a timestamp in it is fresh. */
  readonly payload: () => Uint8Array;
  /** The answer; undefined: not for us, wait on. What it throws is the end. */
  readonly judge: (datagram: Uint8Array) => T | undefined;
  /** Ends the waiting; its reason is what the exchange rejects with. */
  readonly signal: AbortSignal;
}

/** Asks and waits. */
export type Exchange = <T>(question: Question<T>) => Promise<T>;

/** More strays than this on one socket are an attack. */
const STRAYS_MAX = 64;

/** {@linkcode Exchange} over a real socket. */
export function exchange<T>(question: Question<T>): Promise<T> {
  const { address, port, signal } = question;
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = dgram.createSocket("udp4");
    let strays = 0;
    const settle = (act: () => void) => {
      signal.removeEventListener("abort", abort);
      socket.removeAllListeners();
      socket.on("error", () => {});
      socket.close();
      act();
    };
    const abort = () => settle(() => reject(signal.reason));
    signal.addEventListener("abort", abort, { once: true });
    socket.on("error", (error) => settle(() => reject(error)));
    socket.on("message", (datagram, from) => {
      try {
        const answer = from.address === address && from.port === port
          ? question.judge(datagram)
          : undefined;
        if (answer !== undefined) return settle(() => resolve(answer));
        if (++strays > STRAYS_MAX) {
          throw new Error(`${strays} datagrams that are no answer`);
        }
      } catch (thrown) {
        settle(() => reject(thrown));
      }
    });
    socket.bind(0, "0.0.0.0", () => {
      socket.send(question.payload(), port, address, (error) => {
        if (error) settle(() => reject(error));
      });
    });
  });
}
