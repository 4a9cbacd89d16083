/** `talosctl version`. Pure. */
import type { Version } from "#proto/machine_pb.ts";
import type { Answer } from "../client/answers.ts";

/** What a client or a node says of itself. */
export interface VersionFacts {
  readonly tag: string;
  readonly sha: string;
  readonly built: string;
  readonly goVersion: string;
  readonly os: string;
  readonly arch: string;
}

function block(facts: VersionFacts): string {
  return `\tTag:         ${facts.tag}
\tSHA:         ${facts.sha}
\tBuilt:       ${facts.built}
\tGo version:  ${facts.goVersion}
\tOS/Arch:     ${facts.os}/${facts.arch}
`;
}

/** The part about talosctl itself. */
export function renderClientVersion(facts: VersionFacts, short: boolean) {
  return short
    ? `Client ${facts.tag}-${facts.sha}\n`
    : `Client:\n${block(facts)}`;
}

const UNKNOWN: VersionFacts = {
  tag: "",
  sha: "",
  built: "",
  goVersion: "",
  os: "",
  arch: "",
};

/** The part about the nodes. */
export function renderServerVersion(
  answers: readonly Answer<Version>[],
  short: boolean,
): string {
  if (short) {
    return answers.map(({ node, message: { version } }) =>
      `Server ${node} ${version?.tag ?? ""}-${version?.sha ?? ""}\n`
    ).join("");
  }
  return `Server:\n${
    answers.map(({ node, message: { version } }) =>
      `\tNODE:        ${node}\n${block(version ?? UNKNOWN)}`
    ).join("")
  }`;
}
