/** SquashFS 4.0, read. */
export { type OpenOptions, openSquashfs } from "./open.ts";
export { Squashfs, type SquashfsPiece } from "./reader.ts";
export * from "./types.ts";
