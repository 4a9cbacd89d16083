/** The node as its API sees it: narrow doors to the parts of machined. */
import type { Clock } from "#lib/clock.ts";
import type { LogStore } from "#lib/log_store.ts";
import { VERSION } from "#lib/version.ts";
import type { EventStore } from "#lib/events.ts";
import type { Inspect } from "./api/inspector.ts";
import type { Configuration, Containers, Node } from "./api/node.ts";
import { issueKubeconfig } from "./kubernetes/admin_kubeconfig.ts";
import type { Machined } from "./machined.ts";

/** What the API needs besides machined itself. */
export interface NodeParts {
  readonly machined: Machined;
  readonly platform: Node["platform"];
  readonly logs: LogStore;
  readonly events: EventStore;
  readonly containers: Containers;
  readonly generate: Configuration["generate"];
  readonly inspect: Inspect;
  readonly clock: Pick<Clock, "now">;
}

/** Joins the parts. */
export function nodeOf(parts: NodeParts): Node {
  const { machined, platform, logs, events, containers, inspect } = parts;
  const { clock } = parts;
  const { supervisor, configurator } = machined;
  return {
    version: {
      tag: VERSION.tag,
      sha: VERSION.sha,
      built: VERSION.built,
      // The field is the seed era's; what runs us is what it asks for.
      goVersion: `deno${Deno.version.deno}`,
      os: Deno.build.os,
      arch: Deno.build.arch === "x86_64" ? "amd64" : "arm64",
    },
    platform,
    services: {
      list: () => supervisor.list(),
      start: (id) => supervisor.operate("start", id),
      stop: (id) => supervisor.operate("stop", id),
      restart: (id) => supervisor.operate("restart", id),
    },
    logs,
    events,
    containers,
    configuration: {
      apply: (data, options) => configurator.apply(data, options),
      generate: parts.generate,
    },
    inspect,
    kubeconfig: () => issueKubeconfig(machined.config, clock),
    recover: (source) => machined.recover(source),
    etcd: machined.etcd,
    health: machined.health,
    upgrades: machined.upgrades,
    shutdown: () => machined.shutdown("asked for by the API"),
  };
}
