/** The last step of a build: what is whole gets the name that others open. */
import { dirname } from "@std/path";

/**
 * Moves files to their names, on disk when it resolves. Whoever opens one of
 * them sees the old file or the new; nodes that run from an old image keep it:
 * it has no name any more.
 */
export async function publish(
  moves: readonly { readonly from: string; readonly to: string }[],
): Promise<void> {
  for (const { from } of moves) {
    using file = await Deno.open(from);
    await file.sync();
  }
  for (const { from, to } of moves) await Deno.rename(from, to);
  for (const path of new Set(moves.map(({ to }) => dirname(to)))) {
    using directory = await Deno.open(path);
    await directory.sync();
  }
}
