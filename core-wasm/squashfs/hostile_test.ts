/**
 * Hostile SquashFS images: attacks by name, what is cut off, and every
 * boundary in every field. Both readers refuse them, and for the same reason.
 */
import { assert, assertEquals } from "@std/assert";
import { attacks } from "#tests/squashfs/attacks.ts";
import { exercise, type Outcome } from "#tests/squashfs/exercise.ts";
import { everything, few, many } from "#tests/squashfs/samples.ts";
import { writeSquashfs } from "#tests/squashfs/writer.ts";
import {
  bufferSource,
  type ByteSource,
  loadCore,
  openSquashfs,
  type SquashfsReader,
} from "../mod.ts";
import { openReferenceSquashfs, Reference } from "../reference/mod.ts";

const core = await loadCore();
const reference = new Reference();

const READERS: Readonly<
  Record<string, (source: ByteSource) => Promise<SquashfsReader>>
> = {
  wasm: (source) => openSquashfs(core, source),
  reference: (source) => openReferenceSquashfs(reference, source),
};

const SAMPLES = { everything, few, many };

for (const [name, open] of Object.entries(READERS)) {
  const ask = (bytes: Uint8Array) => exercise(() => open(bufferSource(bytes)));
  const describe = ({ first }: Outcome) =>
    first ? `${first.kind}: ${first.message}` : "nothing";

  Deno.test(`hostile, ${name}: what is not touched is read`, async () => {
    for (const [sample, tree] of Object.entries(SAMPLES)) {
      for (const compression of ["gzip", "zstd", "none"] as const) {
        const { bytes } = writeSquashfs(tree(), { compression });
        const outcome = await ask(bytes);
        assertEquals(describe(outcome), "nothing", `${sample}, ${compression}`);
        // What follows the file system is not part of it.
        const longer = new Uint8Array(bytes.length + 5_000).fill(0xff);
        longer.set(bytes);
        assertEquals((await ask(longer)).seen, outcome.seen);
      }
    }
  });

  Deno.test(`hostile, ${name}: attacks`, async (t) => {
    for (const { name, kind, make } of attacks()) {
      await t.step(name, async () => {
        const outcome = await ask(make());
        const have = kind === "any" && outcome.first
          ? kind
          : outcome.first?.kind;
        assertEquals(have, kind, `${name}: ${describe(outcome)}`);
      });
    }
  });

  Deno.test(`hostile, ${name}: an image that ends early`, async () => {
    const { bytes } = writeSquashfs(everything());
    for (let size = 0; size < bytes.length; size += 97) {
      const outcome = await ask(bytes.subarray(0, size));
      assertEquals(outcome.first?.kind, "outOfBounds", `${size} bytes`);
      assert(outcome.seen.length === 1, "it is not opened");
    }
  });
}
