/**
 * For tests: the WASM with the reference beside it. Where both can do a thing,
 * both must end alike, with the same bytes or the same kind of error.
 */
import { CoreError } from "../errors.ts";
import type { Codec } from "../instance.ts";
import type { Core } from "../mod.ts";
import { Reference } from "./mod.ts";

/** What the reference is asked for at most, since it is slow. */
const SIZE_MAX = 8192;

type Ending = { readonly bytes: Uint8Array } | { readonly kind: string };

function endingOf(decompress: () => Uint8Array): Ending {
  try {
    return { bytes: decompress() };
  } catch (thrown) {
    if (thrown instanceof CoreError) return { kind: thrown.kind };
    throw thrown;
  }
}

function text(ending: Ending, kinds: boolean): string {
  if ("bytes" in ending) return ending.bytes.toHex();
  return kinds ? ending.kind : "refused";
}

/**
 * `core`, whose small blocks the reference decompresses too. Bytes that are
 * wrong in two ways may be refused for either: then without `kinds`.
 */
export function beside(
  core: Core,
  { kinds = true } = {},
): Pick<Core, "decompress"> {
  const reference = new Reference();
  return {
    decompress(codec: Codec, bytes: Uint8Array, options: { limit: number }) {
      if (options.limit <= SIZE_MAX) {
        const [one, other] = [core, reference].map((of) =>
          text(endingOf(() => of.decompress(codec, bytes, options)), kinds)
        );
        if (one !== other) {
          throw new Error(
            `${codec} of ${bytes.toHex()}: ${one}, the reference ${other}`,
          );
        }
      }
      return core.decompress(codec, bytes, options);
    },
  };
}
