/**
 * What machined, a service host and its workers say to each other: control
 * only; calls between daemons are gRPC. Between machined and a host each
 * message is one line of JSON on the host's control socket; between the host
 * and a worker it is the same object through the message port, without
 * `worker`. Checked decoders for the lines are in wire.ts.
 */
import type { Permissions } from "./manifest.ts";

/** Facts of the node that are not in the machine config. */
export interface NodeFacts {
  /** `container` or `metal`. */
  readonly mode: "container" | "metal";
  readonly hostname: string;
  readonly version: string;
  /** Global unicast addresses, without prefix length. */
  readonly addresses: readonly string[];
}

/** A leaf certificate with its key and the CA that it verifies against; PEM. */
export interface Identity {
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

/** What a worker is started with; a new one replaces it while it runs. */
export interface WorkerConfig {
  /** The paths that the manifest's `config` names, in the shape of the whole. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly node: NodeFacts;
  /** For apid and trustd of a control plane: issued by machined. */
  readonly identity?: Identity;
  /** On a worker: addresses of the control planes, once Kubernetes tells. */
  readonly controlPlanes?: readonly string[];
  /** No machine config yet: apid serves the maintenance API. */
  readonly maintenance?: boolean;
}

/** From machined to a host, or from the host to one worker. */
export type Command =
  | {
    readonly type: "start";
    readonly worker: string;
    /** Absolute path of the bundle. */
    readonly entry: string;
    readonly permissions: Permissions;
    readonly config: WorkerConfig;
  }
  | {
    readonly type: "configure";
    readonly worker: string;
    readonly config: WorkerConfig;
  }
  | { readonly type: "stop"; readonly worker: string };

/** A command as a worker receives it, and what only its host says to it. */
export type WorkerCommand =
  | { readonly type: "start"; readonly config: WorkerConfig }
  | { readonly type: "configure"; readonly config: WorkerConfig }
  | { readonly type: "stop" }
  /** So many characters of its `log` reports have left the host. */
  | { readonly type: "logged"; readonly chars: number };

/** From a worker to its host, or from the host to machined. */
export type Report =
  /** It accepts calls. Readiness is not liveness. */
  | { readonly type: "ready"; readonly worker: string }
  /**
   * Every {@linkcode HEARTBEAT_MS} while its event loop turns. The host watches
   * its workers; what it sends to machined is its own, with `worker` empty.
   */
  | { readonly type: "heartbeat"; readonly worker: string }
  | {
    readonly type: "health";
    readonly worker: string;
    readonly healthy: boolean;
    readonly message: string;
  }
  | {
    readonly type: "log";
    readonly worker: string;
    readonly lines: readonly string[];
  }
  /** A service event that `talosctl events` should show. */
  | { readonly type: "notice"; readonly worker: string; readonly text: string }
  /** It neither answers nor ends: its host ends after this report. */
  | { readonly type: "stuck"; readonly worker: string; readonly reason: string }
  /** It is gone; `error` is absent when it was stopped. */
  | {
    readonly type: "exited";
    readonly worker: string;
    readonly error?: string;
  };

/** A report as a worker sends it, before its host adds the name. */
export type WorkerReport = Report extends infer R
  ? R extends { worker: string } ? Omit<R, "worker"> : never
  : never;

/** Time between two heartbeats. */
export const HEARTBEAT_MS = 250;
/**
 * Missed heartbeats that are a hang: after a second, so that a new host with
 * all its workers is there within two.
 */
export const HEARTBEAT_MISSES = 4;
