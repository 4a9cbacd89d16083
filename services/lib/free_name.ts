/** Names in files where entries of several origins come together. */

/** Something that got another name in a merge. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/** The first of `name`, `name-1`, `name-2` ... that is not taken. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let index = 1;; index++) {
    const candidate = `${name}-${index}`;
    if (!taken.has(candidate)) return candidate;
  }
}
