/**
 * The vocabulary of contents.ts and images.ts: one value per thing in an
 * image. `P` names the parts that it may be made of.
 */
import type { PartName } from "./components/parts.ts";

/** Where the bytes of a file come from. */
export type Source<P extends string = PartName> =
  /** A file of a part of rootfs/components. */
  | { readonly part: P; readonly path: string }
  /** All files of a directory of a part, sorted by name, joined. */
  | { readonly part: P; readonly joined: string }
  /** Written here. */
  | { readonly text: string }
  /** Deno's analysis of all bundles of this directory, listed before. */
  | { readonly moduleCache: string }
  /** `deno bundle` of a file below the top of the checkout. */
  | { readonly bundle: string }
  /** A file below the top of the checkout, as it is. */
  | { readonly checkout: string };

/** One thing in the image. */
export type Entry<P extends string = PartName> =
  | { readonly kind: "dir"; readonly path: string; readonly mode: number }
  | {
    readonly kind: "file";
    readonly path: string;
    readonly mode: number;
    readonly source: Source<P>;
  }
  | {
    readonly kind: "symlink";
    readonly path: string;
    readonly target: string;
  };

/** A directory; a mount point, mostly. */
export function dir(path: string, mode = 0o755): Entry<never> {
  return { kind: "dir", path, mode };
}

/** A program out of a part. */
export function program<P extends string>(
  path: string,
  part: P,
  from: string,
): Entry<P> {
  return { kind: "file", path, mode: 0o755, source: { part, path: from } };
}

/** A shared library of glibc's packages, under the name that is linked to. */
export function library(name: string): Entry<"glibc"> {
  const path = `/lib/x86_64-linux-gnu/${name}`;
  return program(path, "glibc", path.slice(1));
}

/** The same of another part, where Debian may have it below /usr or not. */
export function libraryOf<P extends string>(part: P, from: string): Entry<P> {
  const path = `/lib/x86_64-linux-gnu/${from.split("/").at(-1)}`;
  return program(path, part, from);
}

/** A file with this text. */
export function text(path: string, content: string): Entry<never> {
  return { kind: "file", path, mode: 0o644, source: { text: content } };
}

/** A file made by joining all files of a part's directory. */
export function joined<P extends string>(
  path: string,
  part: P,
  from: string,
): Entry<P> {
  return { kind: "file", path, mode: 0o644, source: { part, joined: from } };
}

/** A bundle of an entry point. */
export function bundle(path: string, entry: string): Entry<never> {
  return { kind: "file", path, mode: 0o644, source: { bundle: entry } };
}

/** A file of the checkout. */
export function checkout(path: string, from: string): Entry<never> {
  return { kind: "file", path, mode: 0o644, source: { checkout: from } };
}

/** A symbolic link. */
export function symlink(path: string, target: string): Entry<never> {
  return { kind: "symlink", path, target };
}

/** Lists whose entries cannot be an image. */
export function checkEntries(entries: readonly Entry<string>[]): string[] {
  const problems: string[] = [];
  const seen = new Map<string, Entry<string>>();
  for (const entry of entries) {
    const { path } = entry;
    if (!/^(\/[\w.+-]+)+$/.test(path) || path.split("/").includes("..")) {
      problems.push(`"${path}" is not a plain absolute path`);
    }
    if (seen.has(path)) problems.push(`"${path}" is listed twice`);
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (parent !== "" && seen.get(parent)?.kind !== "dir") {
      problems.push(`"${path}" comes before its directory`);
    }
    seen.set(path, entry);
  }
  return problems;
}
