/** The keys below `machine`. */
import { imageRef } from "../images.ts";
import {
  bool,
  list,
  map,
  mode,
  object,
  oneOf,
  pem,
  size,
  string,
} from "../schema.ts";
import { network } from "./network.ts";

/** A certificate with its key; `what` says whose. */
export function identity<const D extends string>(doc: D) {
  return object({
    crt: pem({ doc: "The certificate: base64 of PEM.", format: "certificate" }),
    key: pem({
      doc: "Its private key: base64 of PEM.",
      format: "privateKey",
      secret: true,
    }),
  }, { doc });
}

const kubelet = object({
  image: string({
    doc: "The image of the kubelet.",
    format: "image",
    default: imageRef("kubelet"),
  }),
  extraArgs: map(string({}), {
    doc: "More flags of the kubelet, without leading dashes.",
    keyFormat: "flag",
    example: { "feature-gates": "ServerSideApply=true" },
  }),
  extraMounts: list(
    object({
      destination: string({
        doc: "Where the kubelet sees it.",
        format: "path",
        example: "/var/lib/example",
        required: true,
      }),
      type: string({ doc: "The type of the mount.", example: "bind" }),
      source: string({
        doc: "What is mounted.",
        example: "/var/lib/example",
      }),
      options: list(string({}), {
        doc: "Options of the mount.",
        example: ["rshared", "rw"],
      }),
    }, {}),
    {
      doc: "More mounts of the kubelet.",
      example: [{
        destination: "/var/lib/example",
        type: "bind",
        source: "/var/lib/example",
        options: ["rshared", "rw"],
      }],
    },
  ),
  registerWithFQDN: bool({
    doc: "Whether the name of the node has its domain.",
    default: false,
  }),
}, { doc: "The kubelet.", always: true });

const disks = list(
  object({
    device: string({
      doc: "The disk; it must have no partitions yet.",
      format: "path",
      example: "/dev/sdb",
      required: true,
    }),
    partitions: list(
      object({
        size: size({
          doc: "Bytes, or with a unit; 0 is the rest, for the last one only.",
          example: 100_000_000,
        }),
        mountpoint: string({
          doc: "Where it is mounted, below /var.",
          format: "path",
          example: "/var/mnt/extra",
          required: true,
        }),
      }, {}),
      {
        doc: "Its partitions, in order, each with XFS on it.",
        example: [{ size: 100_000_000, mountpoint: "/var/mnt/extra" }],
      },
    ),
  }, {}),
  {
    doc: "More disks for data.",
    example: [{
      device: "/dev/sdb",
      partitions: [{ mountpoint: "/var/mnt/extra", size: 100_000_000 }],
    }],
  },
);

const install = object({
  disk: string({
    doc: "The disk to install to; required on metal.",
    format: "path",
    example: "/dev/sda",
  }),
  extraKernelArgs: list(string({ format: "nonBlank" }), {
    doc: "More kernel arguments of the installed system.",
    example: ["console=ttyS1", "panic=10"],
  }),
  image: string({
    doc: "The image of the installer.",
    format: "image",
    default: imageRef("installer"),
  }),
  bootloader: bool({
    doc: "Whether a boot loader is installed; accepted, always done.",
    default: false,
  }),
  wipe: bool({
    doc: "Whether the disk is zeroed before.",
    default: false,
  }),
}, { doc: "The installation." });

const files = list(
  object({
    content: string({
      doc: "What is written.",
      example: "...",
      secret: true,
    }),
    permissions: mode({
      doc: "The permissions, in octal.",
      default: 0o644,
    }),
    path: string({
      doc: "Where; outside of /var it is written below /var and bound over.",
      format: "path",
      example: "/var/etc/example.conf",
      required: true,
    }),
    op: oneOf(["create", "append", "overwrite"], {
      doc: "What happens to a file that is there; create is for /var only.",
      default: "create",
    }),
  }, {}),
  {
    doc: "Files that the machine writes before its services start.",
    example: [{
      content: "...",
      permissions: 0o666,
      path: "/var/etc/example.conf",
      op: "create",
    }],
  },
);

const registries = object({
  mirrors: map(
    object({
      endpoints: list(string({ format: "url" }), {
        doc: "Where the registry is mirrored, in order; the path is /v2.",
        example: ["https://registry.local"],
      }),
    }, {}),
    {
      doc: "Mirrors by the host of the registry; * is every other one.",
      keyFormat: "registry",
      example: { "docker.io": { endpoints: ["https://registry.local"] } },
    },
  ),
  config: map(
    object({
      tls: object({
        clientIdentity: identity("The client certificate."),
        ca: pem({
          doc: "The CA of the registry: base64 of PEM.",
          format: "certificate",
        }),
        insecureSkipVerify: bool({
          doc: "Do not check the certificate of the registry.",
          default: false,
        }),
      }, { doc: "TLS of the registry." }),
      auth: object({
        username: string({ doc: "User name.", secret: true }),
        password: string({ doc: "Password.", secret: true }),
        auth: string({
          doc: "Base64 of user name, colon, password.",
          secret: true,
        }),
        identityToken: string({ doc: "Token.", secret: true }),
      }, { doc: "Credentials, as docker writes them." }),
    }, {}),
    {
      doc: "TLS and credentials by the host of the registry.",
      keyFormat: "registry",
      example: { "registry.local": { tls: { insecureSkipVerify: true } } },
    },
  ),
}, { doc: "Where images come from.", always: true });

/** What a node can be; `init` is the first control plane. */
export const MACHINE_TYPES = ["init", "controlplane", "join"] as const;

/** Everything below `machine`. */
export const machine = object({
  type: oneOf(MACHINE_TYPES, {
    doc: "The role of the machine: init, controlplane or join (worker).",
    // The seed era's generator wrote `worker` and meant join.
    aliases: { worker: "join" },
    default: "join",
  }),
  token: string({
    doc: "The secret that machines show to trustd.",
    format: "nonBlank",
    secret: true,
  }),
  ca: identity("The root CA of the machine API; workers have no key."),
  certSANs: list(string({ format: "san" }), {
    doc: "More names and addresses of the certificates of apid and trustd.",
    example: ["10.0.0.10", "172.16.0.10"],
  }),
  kubelet,
  network,
  disks,
  install,
  files,
  env: map(string({ format: "envValue", secret: true }), {
    doc: "Environment of machined and its services; apid gets no proxy.",
    keyFormat: "envName",
    example: { GRPC_GO_LOG_SEVERITY_LEVEL: "info" },
  }),
  time: object({
    disabled: bool({ doc: "Do not set the clock.", default: false }),
    servers: list(string({ format: "host" }), {
      doc: "Time servers.",
      default: ["pool.ntp.org"],
    }),
  }, { doc: "Where the time comes from.", always: true }),
  sysctls: map(string({}), {
    doc: "Kernel parameters, written after the system's own.",
    keyFormat: "sysctl",
    example: { "net.ipv4.ip_forward": "1" },
  }),
  registries,
}, { doc: "The machine.", required: true });
