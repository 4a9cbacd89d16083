/**
 * What this build calls itself, in talosctl and in the Version call. The build
 * of an image or of `_out/bin` replaces `TALOS_BUILD`; from source it is not
 * defined.
 */

/** Put in by the bundler (`define`), both plain strings. */
declare const TALOS_BUILD: { readonly sha: string; readonly built: string };

const build = typeof TALOS_BUILD === "undefined"
  ? { sha: "source", built: "" }
  : TALOS_BUILD;

export const VERSION = {
  /** Equal to `version` in deno.json with a v; a tidy test holds them so. */
  tag: "v0.9.0",
  /** Commit that it was built from. */
  sha: build.sha,
  /** Time of the build, RFC 3339; empty from source. */
  built: build.built,
} as const;
