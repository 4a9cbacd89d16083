/** Names of the node in its uts namespace; the kernel allows 64 bytes each. */
import { checked, libc } from "./libc.ts";

/** sethostname(2). */
export function setHostname(name: string): void {
  const bytes = new TextEncoder().encode(name);
  checked(libc().sethostname(bytes, BigInt(bytes.length)), {
    syscall: "sethostname",
    action: `set the host name to ${JSON.stringify(name)}`,
  });
}

/** setdomainname(2). */
export function setDomainname(name: string): void {
  const bytes = new TextEncoder().encode(name);
  checked(libc().setdomainname(bytes, BigInt(bytes.length)), {
    syscall: "setdomainname",
    action: `set the domain name to ${JSON.stringify(name)}`,
  });
}
