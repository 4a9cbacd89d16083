/** The contents of a file: blocks, and a tail in a fragment. */
import type { Image } from "./image.ts";
import { type Inode, inodeTable } from "./inode.ts";
import { refuse } from "./superblock.ts";

/** A part of a file of at most a block. */
interface Piece {
  readonly offset: number;
  readonly length: number;
  /** Its bytes; they are only read when they are wanted. */
  load(): Promise<Uint8Array>;
}

/** A file from its start to its end. */
export async function* piecesOf(
  image: Image,
  { stat, file }: Inode,
): AsyncIterableIterator<Piece> {
  const { blockSize } = image.superblock;
  const { start, blockCount, fragment, sizes } = file!;
  let at = start;
  if (blockCount > 0) {
    const cursor = await image.cursor(inodeTable(image), sizes);
    for (let i = 0; i < blockCount; i++) {
      const [word] = await cursor.numbers(4) as [number];
      const offset = i * blockSize;
      const length = Math.min(blockSize, stat.sizeBytes - offset);
      const from = at;
      const load = () =>
        word === 0
          ? Promise.resolve(new Uint8Array(length))
          : image.data(from, word, { exactly: length });
      yield { offset, length, load };
      at += word & 0xffffff;
    }
  }
  const offset = blockCount * blockSize;
  const length = stat.sizeBytes - offset;
  if (!fragment || length === 0) return;
  const load = () => tailOf(image, fragment, length);
  yield { offset, length, load };
}

async function tailOf(
  image: Image,
  { index, offset }: { index: number; offset: number },
  length: number,
): Promise<Uint8Array> {
  const { fragmentTable, blockSize } = image.superblock;
  const record = await image.record(fragmentTable, index, 16);
  const [at, word] = await record.numbers(8, 4, 4) as [
    ...[number, number, number],
  ];
  const block = await image.data(at, word, { atMost: blockSize });
  if (offset + length > block.length) {
    refuse("corrupt", `byte ${offset + length} of a fragment`, at);
  }
  return block.slice(offset, offset + length);
}
