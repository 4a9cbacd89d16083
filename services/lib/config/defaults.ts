/** The values of absent keys, from the schema. */
import type { Schema } from "./schema.ts";
import {
  type EffectiveConfig,
  MACHINE_CONFIG,
  type MachineConfig,
} from "./v1alpha1/types.ts";

type Plain = Readonly<Record<string, unknown>>;

/** `value` with the defaults of `schema`; what is absent and has none stays so. */
function fillDefaults(schema: Schema, value: unknown): unknown {
  if (value === undefined) {
    if (schema.kind === "object" && schema.always) {
      return fillDefaults(schema, {});
    }
    return schema.default;
  }
  switch (schema.kind) {
    case "object": {
      const known = Object.entries(schema.fields).flatMap(([key, field]) => {
        const filled = fillDefaults(field, (value as Plain)[key]);
        return filled === undefined ? [] : [[key, filled]];
      });
      return Object.fromEntries(known);
    }
    case "map":
      return Object.fromEntries(
        Object.entries(value as Plain).map(([key, entry]) => [
          key,
          fillDefaults(schema.value, entry),
        ]),
      );
    case "list":
      return (value as readonly unknown[]).map((item) =>
        fillDefaults(schema.item, item)
      );
    default:
      return value;
  }
}

/**
 * The config that daemons see. Call it with a config that validates: the type
 * promises the required keys.
 */
export function effective(config: MachineConfig): EffectiveConfig {
  return fillDefaults(MACHINE_CONFIG, config) as EffectiveConfig;
}
