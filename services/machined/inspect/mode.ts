/** File modes as the API carries them: Go's os.FileMode, not st_mode. */

const S_IFMT = 0o170000;

/** Type bits of st_mode to bits of Go's FileMode. */
const TYPE_BITS: Readonly<Record<number, number>> = {
  0o040000: 1 << 31, // directory
  0o120000: 1 << 27, // symbolic link
  0o060000: 1 << 26, // block device
  0o020000: (1 << 26) | (1 << 21), // character device
  0o010000: 1 << 25, // named pipe
  0o140000: 1 << 24, // socket
  0o100000: 0, // regular file
};

/** Bits above the permissions: set-user-id, set-group-id, sticky. */
const SPECIAL_BITS: readonly (readonly [number, number])[] = [
  [0o4000, 1 << 23],
  [0o2000, 1 << 22],
  [0o1000, 1 << 20],
];

/** Go's os.FileMode for `stMode`, as an unsigned 32-bit number. */
export function goFileMode(stMode: number): number {
  let mode = stMode & 0o777;
  // An unknown type is Go's ModeIrregular.
  mode |= TYPE_BITS[stMode & S_IFMT] ?? (1 << 19);
  for (const [bit, goBit] of SPECIAL_BITS) if (stMode & bit) mode |= goBit;
  return mode >>> 0;
}
