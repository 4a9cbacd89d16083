/**
 * Why a record is refused: a code for each reason, which `../../squashfs/
 * refusals.ts` gives a kind and a text, and where in the window it was seen.
 */

/** More of the record is needed than the window has. */
export const MORE: i32 = -99;
export const BAD_MAGIC: i32 = -100;
export const BAD_VERSION: i32 = -101;
export const BAD_COMPRESSION: i32 = -102;
export const BAD_BLOCK_SIZE: i32 = -103;
export const BAD_BLOCK_LOG: i32 = -104;
export const BAD_FLAGS: i32 = -105;
export const BAD_SIZE: i32 = -106;
export const BAD_TABLE: i32 = -107;
export const BAD_COUNT: i32 = -108;
export const BAD_ROOT: i32 = -109;
export const BAD_OPTIONS: i32 = -110;
export const BAD_METADATA_SIZE: i32 = -111;
export const BAD_INODE_TYPE: i32 = -112;
export const BAD_MODE: i32 = -113;
export const BAD_ID: i32 = -114;
export const BAD_INODE_NUMBER: i32 = -115;
export const BAD_REFERENCE: i32 = -116;
export const BAD_OFFSET: i32 = -117;
export const BAD_FRAGMENT: i32 = -118;
export const BAD_TAIL: i32 = -119;
export const BAD_FILE_SIZE: i32 = -120;
export const BAD_BLOCK_COUNT: i32 = -121;
export const BAD_STORED_SIZE: i32 = -122;
export const LONG_TARGET: i32 = -123;
export const BAD_TARGET: i32 = -124;
export const BAD_DIRECTORY_SIZE: i32 = -125;
export const BAD_ENTRY_COUNT: i32 = -126;
export const BAD_ENTRY_TYPE: i32 = -127;
export const LONG_NAME: i32 = -128;
export const BAD_NAME: i32 = -129;
export const UNSORTED: i32 = -130;
export const BAD_INDEX: i32 = -131;
export const BAD_XATTR_INDEX: i32 = -132;
export const BAD_XATTR_TYPE: i32 = -133;
export const BAD_XATTR_NAME: i32 = -134;
export const LONG_XATTR: i32 = -135;
export const BAD_XATTR_COUNT: i32 = -136;
export const BAD_SPARSE: i32 = -137;
export const NO_COUNT: i32 = -138;
export const BAD_XATTR_REFERENCE: i32 = -139;

let failedAt: u32 = 0;

/** Where in the window the last refusal was. */
export function squashfsFailedAt(): u32 {
  return failedAt;
}

/** Notes the place and gives the code back. */
export function refuse(code: i32, at: usize): i32 {
  failedAt = <u32>at;
  return code;
}
