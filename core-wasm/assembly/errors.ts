/** Codes that exports return; `../errors.ts` gives them names. */

export const OK: i32 = 0;
/** An argument that our own TypeScript must never pass. */
export const BAD_ARGUMENT: i32 = -1;
/** The bytes contradict the format. */
export const CORRUPT: i32 = -2;
/** The bytes end early. */
export const TRUNCATED: i32 = -3;
/** More would come out than the caller allows. */
export const TOO_LARGE: i32 = -4;
/** An option that is not read here. */
export const UNSUPPORTED: i32 = -5;
