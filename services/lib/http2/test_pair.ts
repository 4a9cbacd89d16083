/** For tests: two ends of a connection in memory. */
import type { Transport, TransportEvents } from "./transport.ts";

/** Two transports that feed each other, a write a microtask. */
export function transportPair(): [Transport, Transport] {
  const make = () => {
    let events: TransportEvents | undefined;
    let other: { take(bytes: Uint8Array): void; gone(): void };
    const side = {
      unsentBytes: 0,
      start: (e: TransportEvents) => void (events = e),
      write(bytes: Uint8Array) {
        queueMicrotask(() => other.take(bytes));
        return true;
      },
      end: () => queueMicrotask(() => other.gone()),
      destroy: () => queueMicrotask(() => other.gone()),
      take: (bytes: Uint8Array) => events?.received(bytes),
      gone: () => events?.closed("closed by the other side"),
      join: (o: typeof other) => void (other = o),
    };
    return side;
  };
  const a = make();
  const b = make();
  a.join(b);
  b.join(a);
  return [a, b];
}
