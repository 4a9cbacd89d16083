/** Arithmetic of address ranges. */
import { isIPv4, parseCidr } from "./formats.ts";

/** The value and width in bits of an IPv4 or IPv6 address. */
export function addressBits(
  address: string,
): { value: bigint; width: 32 | 128 } {
  if (isIPv4(address)) {
    const value = address.split(".").reduce((n, p) => n << 8n | BigInt(p), 0n);
    return { value, width: 32 };
  }
  // A dotted tail is two groups.
  const text = address.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_, a, b, c, d) =>
      `${(Number(a) << 8 | Number(b)).toString(16)}:${
        (Number(c) << 8 | Number(d)).toString(16)
      }`,
  );
  const [head = "", tail] = text.split("::");
  const groups = (half: string) => half === "" ? [] : half.split(":");
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array(8 - before.length - after.length).fill("0");
  const value = [...before, ...zeros, ...after]
    .reduce((n, group) => n << 16n | BigInt(`0x${group}`), 0n);
  return { value, width: 128 };
}

/** Whether two ranges share an address; false when either is none. */
export function rangesOverlap(a: string, b: string): boolean {
  const [one, two] = [parseCidr(a), parseCidr(b)];
  if (one === undefined || two === undefined) return false;
  const [x, y] = [addressBits(one.address), addressBits(two.address)];
  if (x.width !== y.width) return false;
  const shift = BigInt(x.width - Math.min(one.prefix, two.prefix));
  return x.value >> shift === y.value >> shift;
}
