/** A machine config as YAML text. */
import { type EncodeOptions, encodeValue } from "./encode.ts";
import { MACHINE_CONFIG, type MachineConfig } from "./v1alpha1/types.ts";

/**
 * The text of `config`: stable, and the same value when decoded again. With
 * `comments` each key says what it means and absent ones are examples.
 */
export function encode(
  config: MachineConfig,
  options: EncodeOptions = {},
): string {
  return encodeValue(MACHINE_CONFIG, config, options);
}
