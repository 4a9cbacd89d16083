/** Rows of pods with their containers below them. Pure. */

/** What both are known by. */
interface Placed {
  readonly id: string;
  readonly podId: string;
}

/** By id: each pod before its containers. */
export function byPod<T extends Placed>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The id, of a container as below its pod. */
export function placed({ id, podId }: Placed): string {
  return id === podId ? id : `└─ ${id}`;
}
