/** Configs for the tests of this folder. */
import { exampleOf } from "./encode.ts";
import type { Schema } from "./schema.ts";

/** Text that passes for a certificate where nobody looks inside. */
export const CRT =
  "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
/** The same for a key. */
export const KEY =
  "-----BEGIN ED25519 PRIVATE KEY-----\nMA==\n-----END ED25519 PRIVATE KEY-----\n";

/** A value with every key of `schema` set. */
export function fullSample(schema: Schema): unknown {
  switch (schema.kind) {
    case "object":
      return Object.fromEntries(
        Object.entries(schema.fields).map(([k, f]) => [k, fullSample(f)]),
      );
    case "list":
      return schema.item.kind === "object"
        ? [fullSample(schema.item), fullSample(schema.item)]
        : schema.example ?? schema.default ?? ["10.0.0.1"];
    case "map":
      return schema.value.kind === "object"
        ? { "docker.io": fullSample(schema.value), "*": {} }
        : schema.example;
    case "pem":
      return schema.format === "privateKey" ? KEY : CRT;
    case "enum":
      return schema.values[0];
    default:
      return exampleOf(schema) ?? schemaText(schema);
  }
}

function schemaText(schema: Schema): unknown {
  switch (schema.kind) {
    case "bool":
      return true;
    case "string":
      if (schema.format === "token") return "abcdef.0123456789abcdef";
      if (schema.format === "aesKey") return btoa("k".repeat(32));
      return schema.format === "image" ? "example.com/a:1" : "some text";
    default:
      return 0;
  }
}

const pair = { crt: CRT, key: KEY };

/** The smallest config of a control plane that validates in any mode. */
export const CONTROL_PLANE = {
  version: "v1alpha1",
  machine: {
    type: "controlplane",
    token: "abcdef.0123456789abcdef",
    ca: pair,
    install: { disk: "/dev/sda" },
  },
  cluster: {
    controlPlane: { endpoint: "https://10.5.0.2:6443" },
    token: "abcdef.0123456789abcdef",
    ca: pair,
    etcd: { ca: pair },
  },
} as const;

/** The smallest worker, as YAML; line numbers matter to the tests. */
export const WORKER_YAML = `version: v1alpha1
machine:
  type: join
  token: abcdef.0123456789abcdef
  ca: {crt: ${btoa(CRT)}}
cluster:
  controlPlane: {endpoint: "https://10.5.0.2:6443"}
  token: abcdef.0123456789abcdef
`;
