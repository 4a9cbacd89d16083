/** Zstandard (RFC 8878): one frame, without a dictionary. */
import { CoreError } from "../../errors.ts";
import { xxh64 } from "../short.ts";
import { corrupt, Input, type Output } from "./bytes.ts";
import { readLiterals } from "./zstd_literals.ts";
import { emptyHistory, type History, runSequences } from "./zstd_sequences.ts";

const MAGIC = 0xfd2fb528;
const BLOCK_MAX = 128 << 10;
/** As libzstd with 64 bits. */
const WINDOW_MAX = 2 ** 31;

interface Frame {
  readonly contentSize: number | undefined;
  readonly checksum: boolean;
  readonly blockMax: number;
}

function unsupported(what: string): never {
  throw new CoreError("unsupported", what, 0);
}

/** 3.1.1.1: descriptor, window, dictionary, size of the content. */
function readHeader(input: Input): Frame {
  const magic = input.number(4);
  if (magic >>> 4 === 0x184d2a5) unsupported("a frame to be skipped");
  if (magic !== MAGIC) corrupt("no frame");
  const flags = input.byte();
  if (flags & 0x08) corrupt("a reserved bit");
  const single = (flags & 0x20) !== 0;
  let window = Infinity;
  if (!single) {
    const byte = input.byte();
    const base = 2 ** (10 + (byte >> 3));
    window = base + base / 8 * (byte & 7);
    if (window > WINDOW_MAX) unsupported("such a window");
  }
  if (input.number([0, 1, 2, 4][flags & 3]!) !== 0) {
    unsupported("a dictionary");
  }
  const size = [single ? 1 : 0, 2, 4, 8][flags >> 6]!;
  const content = input.number(size) + (size === 2 ? 256 : 0);
  if (single) window = content;
  return {
    contentSize: size === 0 ? undefined : content,
    checksum: (flags & 0x04) !== 0,
    blockMax: Math.min(window, BLOCK_MAX),
  };
}

/** 3.1.1.3: literals, then sequences that use them. */
function compressedBlock(
  input: Input,
  history: History,
  output: Output,
): void {
  const literals = readLiterals(input, history);
  runSequences(input, { literals, history, output });
}

/** A frame; what follows it is left. */
export function unzstd(input: Input, output: Output): void {
  const frame = readHeader(input);
  output.expect(frame.contentSize ?? 0);
  const history = emptyHistory();
  let last = 0;
  while (last === 0) {
    const header = input.number(3);
    last = header & 1;
    const kind = header >> 1 & 3;
    const size = header >> 3;
    const before = output.size;
    if (size > frame.blockMax) corrupt(`a block of ${size} bytes`);
    if (kind === 0) output.append(input.take(size));
    else if (kind === 1) {
      const byte = input.byte();
      for (let i = 0; i < size; i++) output.push(byte);
    } else if (kind === 2) {
      compressedBlock(input.part(size), history, output);
    } else corrupt("a reserved kind of block");
    if (output.size - before > frame.blockMax) corrupt("too large a block");
  }
  if (output.size !== (frame.contentSize ?? output.size)) {
    corrupt("another size than the frame says");
  }
  if (!frame.checksum) return;
  const hash = xxh64(output.from(0)).reverse();
  if (input.number(4) !== new Input(hash).number(4)) corrupt("wrong checksum");
}
