/**
 * Who may call what: the least role of every RPC, in one table. apid turns the
 * organization of a client certificate into the metadata `talos-role` and
 * overwrites whatever the client sent; the daemons check it here. A missing
 * role is no role, and an RPC that is not in the table is for admins.
 */
import { AgentError } from "../errors.ts";

/** Roles as the organization (O) of a client certificate spells them. */
export const Role = {
  reader: "os:reader",
  operator: "os:operator",
  admin: "os:admin",
  /** apid of a control plane: may speak for others, has no rights of its own. */
  impersonator: "os:impersonator",
} as const;
export type Role = (typeof Role)[keyof typeof Role];

/** The metadata key that carries roles between apid and the daemons. */
export const ROLE_METADATA = "talos-role";

const RANK: Partial<Record<string, number>> = {
  [Role.reader]: 1,
  [Role.operator]: 2,
  [Role.admin]: 3,
};

type Least = typeof Role.reader | typeof Role.operator | typeof Role.admin;

/**
 * Reader: looks at state, without contents of files and without secrets.
 * Operator: reader, and restarts, power, logs of programs.
 * Admin: everything; whatever shows or changes secrets or the machine config.
 */
const LEAST: Readonly<Record<string, Readonly<Record<string, Least>>>> = {
  "machine.MachineService": {
    ApplyConfiguration: Role.admin,
    Bootstrap: Role.admin,
    Containers: Role.reader,
    Copy: Role.admin,
    CPUInfo: Role.reader,
    DiskStats: Role.reader,
    DiskUsage: Role.reader,
    Dmesg: Role.reader,
    EtcdAlarmDisarm: Role.operator,
    EtcdAlarmList: Role.reader,
    EtcdDefragment: Role.operator,
    EtcdForfeitLeadership: Role.operator,
    EtcdLeaveCluster: Role.admin,
    EtcdMemberList: Role.reader,
    EtcdRecover: Role.admin,
    EtcdRemoveMember: Role.admin,
    EtcdRemoveMemberByID: Role.admin,
    // All secrets of the cluster are in it.
    EtcdSnapshot: Role.admin,
    EtcdStatus: Role.reader,
    Events: Role.reader,
    GenerateConfiguration: Role.admin,
    Hostname: Role.reader,
    Kubeconfig: Role.admin,
    List: Role.reader,
    LoadAvg: Role.reader,
    Logs: Role.reader,
    Memory: Role.reader,
    Mounts: Role.reader,
    NetworkDeviceStats: Role.reader,
    Processes: Role.reader,
    Read: Role.admin,
    Reboot: Role.operator,
    Recover: Role.admin,
    Reset: Role.admin,
    Restart: Role.operator,
    Rollback: Role.admin,
    ServiceList: Role.reader,
    ServiceRestart: Role.operator,
    ServiceStart: Role.operator,
    ServiceStop: Role.operator,
    Shutdown: Role.operator,
    Stats: Role.reader,
    SystemStat: Role.reader,
    Upgrade: Role.admin,
    Version: Role.reader,
  },
  "cluster.ClusterService": { HealthCheck: Role.reader },
  "network.NetworkService": { Interfaces: Role.reader, Routes: Role.reader },
  "time.TimeService": { Time: Role.reader, TimeCheck: Role.reader },
  "storage.StorageService": { Disks: Role.reader },
  "talos.ImageService": {
    ListStream: Role.reader,
    ReadStream: Role.admin,
    Verify: Role.reader,
  },
  "talos.KubernetesService": {
    UpgradePlan: Role.admin,
    UpgradeStream: Role.admin,
  },
  "health.Health": {
    Check: Role.reader,
    Watch: Role.reader,
    Ready: Role.reader,
  },
};

/** The least role for `/package.Service/Method`. */
export function leastRole(path: string): Least {
  const [, service = "", method = ""] = path.split("/");
  const methods = Object.hasOwn(LEAST, service) ? LEAST[service]! : {};
  return Object.hasOwn(methods, method) ? methods[method]! : Role.admin;
}

/** A call by somebody whose roles do not reach. */
export interface RoleProblem {
  readonly kind: "denied";
  readonly path: string;
  readonly needs: Role;
}

/** Says which role is needed; the status is PermissionDenied. */
export class RoleError extends AgentError<RoleProblem> {
  override name = "RoleError";

  constructor(path: string, needs: Role) {
    super({ kind: "denied", path, needs }, `${path} needs the role ${needs}`);
  }
}

/**
 * Returns when one of `roles` reaches the least role of `path`. Impersonator
 * and unknown names reach nothing.
 *
 * @throws {RoleError}
 */
export function authorize(path: string, roles: readonly string[]): void {
  const least = leastRole(path);
  const needed = RANK[least]!;
  const reached = roles.some((role) =>
    Object.hasOwn(RANK, role) && RANK[role]! >= needed
  );
  if (!reached) throw new RoleError(path, least);
}

/** The RPCs of the table, for the test that compares it with the protos. */
export function listedMethods(): string[] {
  return Object.entries(LEAST).flatMap(([service, methods]) =>
    Object.keys(methods).map((method) => `/${service}/${method}`)
  );
}

/** How metadata carries roles: one value each; commas are allowed too. */
export function rolesOfMetadata(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(","))
    .map((role) => role.trim()).filter((role) => role !== "");
}

/**
 * The roles of a client certificate by its organizations. Exactly one empty
 * organization is what seed-era talosconfigs carry: it means admin. No
 * organization at all is no role.
 */
export function rolesOfOrganizations(organizations: readonly string[]): Role[] {
  if (organizations.length === 1 && organizations[0] === "") {
    return [Role.admin];
  }
  const known: readonly string[] = Object.values(Role);
  return organizations.filter((name): name is Role => known.includes(name));
}
