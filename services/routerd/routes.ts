/**
 * Which daemon answers which gRPC service, as data. A call goes to exactly one
 * of them; routerd itself answers nothing.
 */
import { SOCKETS } from "#lib/paths.ts";

/** Daemons that calls go to. */
export type Backend = "machined" | "timed" | "networkd";

/** Backends with their sockets. */
export const BACKENDS: Readonly<Record<Backend, string>> = {
  machined: SOCKETS.machined,
  timed: SOCKETS.timed,
  networkd: SOCKETS.networkd,
};

/** Full service name to backend; those of the seed first. */
const SERVICES: Readonly<Record<string, Backend>> = {
  "os.OSService": "machined",
  "machine.MachineService": "machined",
  "cluster.ClusterService": "machined",
  "time.TimeService": "timed",
  "network.NetworkService": "networkd",
  "storage.StorageService": "machined",
};

/** Packages of our own; all of their services go to one backend. */
const PACKAGES: Readonly<Record<string, Backend>> = { talos: "machined" };

/** The backend of a full service name, for instance `time.TimeService`. */
export function backendOf(service: string): Backend | undefined {
  if (Object.hasOwn(SERVICES, service)) return SERVICES[service];
  const dot = service.indexOf(".");
  const name = service.slice(0, dot);
  return dot > 0 && Object.hasOwn(PACKAGES, name) ? PACKAGES[name] : undefined;
}
