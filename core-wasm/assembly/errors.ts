/** Codes that exports return; `../errors.ts` gives them names. */

export const OK: i32 = 0;
/** An argument that our own TypeScript must never pass. */
export const BAD_ARGUMENT: i32 = -1;
