/**
 * The memory map. Everything is static: nothing allocates, nothing grows, so
 * the memory of an instance is what `instance.ts` says it is. A buffer is
 * named, has a named size, and is written by one side only. The order counts:
 * zstd_huffman reads before the start of CODEC_IN, where INPUT and OUTPUT are.
 */

/** What one call takes in: four verity blocks of the largest size. */
export const INPUT_SIZE: u32 = 0x40000;
export const INPUT: usize = memory.data(0x40000, 64);

/** What one call gives out: digests. */
export const OUTPUT_SIZE: u32 = 0x10000;
export const OUTPUT: usize = memory.data(0x10000, 64);

/**
 * A compressed block, as large as the largest block of any format. Reads may
 * overshoot by less than the slack after it.
 */
export const CODEC_IN_SIZE: u32 = 0x100000;
export const CODEC_IN: usize = memory.data(0x100040, 64);

/** What it becomes. Copies may overshoot by less than the slack after it. */
export const CODEC_OUT_SIZE: u32 = 0x100000;
export const CODEC_OUT: usize = memory.data(0x100040, 64);

/** Three blocks of metadata, decompressed, or one that is stored. */
export const SQUASHFS_IN_SIZE: u32 = 0x6000;
export const SQUASHFS_IN: usize = memory.data(0x6000, 64);

/** What a record of SquashFS says: numbers, and entries of a directory. */
export const SQUASHFS_OUT_SIZE: u32 = 0x8000;
export const SQUASHFS_OUT: usize = memory.data(0x8000, 64);

/** A name that is looked for. */
export const SQUASHFS_NAME_SIZE: u32 = 256;
export const SQUASHFS_NAME: usize = memory.data(256, 16);
