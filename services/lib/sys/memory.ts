/** The memory of this process; of no interest to tests, so not in Sys. */
import { libc } from "./libc.ts";

/** malloc_trim(3): gives free pages back, also those between used ones. */
export function trimMemory(): void {
  libc().malloc_trim(0n);
}
