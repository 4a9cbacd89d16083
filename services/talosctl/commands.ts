/**
 * The commands, each loaded when it is used: `talosctl version --client`
 * reads one of these files and nothing of gRPC. Alphabetical. Name, aliases
 * and summary stand here once more for the overview; a test holds them equal
 * to the command's own.
 */
import type { LazyCommand } from "./cli/command.ts";

export const COMMANDS: readonly LazyCommand[] = [
  {
    name: "apply-config",
    aliases: ["apply"],
    summary: "Apply a new machine config to a node",
    load: () => import("./commands/apply_config.ts").then((m) => m.applyConfig),
  },
  {
    name: "bootstrap",
    summary: "Begin the cluster's etcd on a control plane",
    load: () => import("./commands/bootstrap.ts").then((m) => m.bootstrap),
  },
  {
    name: "cluster",
    summary: "Local clusters on this machine",
    load: () => import("./commands/cluster.ts").then((m) => m.cluster),
  },
  {
    name: "completion",
    summary: "Print the completion script of a shell",
    load: () => import("./commands/completion.ts").then((m) => m.completion),
  },
  {
    name: "config",
    summary: "Manage the client config (talosconfig)",
    load: () => import("./commands/config.ts").then((m) => m.config),
  },
  {
    name: "containers",
    aliases: ["c"],
    summary: "List containers",
    load: () => import("./commands/containers.ts").then((m) => m.containers),
  },
  {
    name: "dmesg",
    summary: "Print the kernel's messages",
    load: () => import("./commands/dmesg.ts").then((m) => m.dmesg),
  },
  {
    name: "etcd",
    summary: "Look at the members of etcd and manage them",
    load: () => import("./commands/etcd.ts").then((m) => m.etcd),
  },
  {
    name: "events",
    summary: "Follow the events of nodes",
    load: () => import("./commands/events.ts").then((m) => m.events),
  },
  {
    name: "gen",
    summary: "Generate certificates, keys and configs",
    load: () => import("./commands/gen.ts").then((m) => m.gen),
  },
  {
    name: "health",
    summary: "Wait until the whole cluster is well",
    load: () => import("./commands/health.ts").then((m) => m.health),
  },
  {
    name: "image",
    summary: "Verify and read the image that nodes run from",
    load: () => import("./commands/image.ts").then((m) => m.image),
  },
  {
    name: "interfaces",
    summary: "List network interfaces",
    load: () => import("./commands/interfaces.ts").then((m) => m.interfaces),
  },
  {
    name: "kubeconfig",
    summary: "Get the kubeconfig of an administrator",
    load: () => import("./commands/kubeconfig.ts").then((m) => m.kubeconfig),
  },
  {
    name: "list",
    aliases: ["ls"],
    summary: "List files of a node",
    load: () => import("./commands/list.ts").then((m) => m.list),
  },
  {
    name: "logs",
    summary: "Print the log of a service",
    load: () => import("./commands/logs.ts").then((m) => m.logs),
  },
  {
    name: "memory",
    aliases: ["m", "free"],
    summary: "Show the memory of nodes",
    load: () => import("./commands/memory.ts").then((m) => m.memory),
  },
  {
    name: "mounts",
    aliases: ["mount"],
    summary: "List mounts",
    load: () => import("./commands/mounts.ts").then((m) => m.mounts),
  },
  {
    name: "processes",
    aliases: ["p", "ps"],
    summary: "List processes",
    load: () => import("./commands/processes.ts").then((m) => m.processes),
  },
  {
    name: "read",
    summary: "Print a file of a node",
    load: () => import("./commands/read.ts").then((m) => m.read),
  },
  {
    name: "recover",
    summary: "Put a lost control plane back",
    load: () => import("./commands/recover.ts").then((m) => m.recover),
  },
  {
    name: "restart",
    summary: "Restart a container",
    load: () => import("./commands/restart.ts").then((m) => m.restart),
  },
  {
    name: "routes",
    aliases: ["route"],
    summary: "List network routes",
    load: () => import("./commands/routes.ts").then((m) => m.routes),
  },
  {
    name: "service",
    aliases: ["services"],
    summary: "List services, show one, start, stop or restart it",
    load: () => import("./commands/service.ts").then((m) => m.service),
  },
  {
    name: "shutdown",
    summary: "Shut nodes down",
    load: () => import("./commands/shutdown.ts").then((m) => m.shutdown),
  },
  {
    name: "stats",
    summary: "Show what containers use",
    load: () => import("./commands/stats.ts").then((m) => m.stats),
  },
  {
    name: "time",
    summary: "Show the time of nodes and of their time server",
    load: () => import("./commands/time.ts").then((m) => m.time),
  },
  {
    name: "upgrade-k8s",
    summary: "Upgrade Kubernetes to another release",
    load: () => import("./commands/upgrade_k8s.ts").then((m) => m.upgradeK8s),
  },
  {
    name: "validate",
    summary: "Check a machine config",
    load: () => import("./commands/validate.ts").then((m) => m.validate),
  },
  {
    name: "version",
    summary: "Print the versions of talosctl and of nodes",
    load: () => import("./commands/version.ts").then((m) => m.version),
  },
];
