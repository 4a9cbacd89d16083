/** Resource limits: getrlimit(2), setrlimit(2); two 64-bit words each. */
import { checked, libc } from "./libc.ts";
import type { ResourceLimit } from "./sys.ts";

/** getrlimit(2). */
export function getrlimit(resource: number): ResourceLimit {
  const words = new BigUint64Array(2);
  checked(libc().getrlimit(resource, words), {
    syscall: "getrlimit",
    action: `read resource limit ${resource}`,
  });
  return { soft: words[0]!, hard: words[1]! };
}

/** setrlimit(2). Raising the hard limit takes CAP_SYS_RESOURCE. */
export function setrlimit(resource: number, limit: ResourceLimit): void {
  const words = new BigUint64Array([limit.soft, limit.hard]);
  checked(libc().setrlimit(resource, words), {
    syscall: "setrlimit",
    action: `set resource limit ${resource}`,
  });
}
