/** The machine config and the talosconfig: the door of this folder. */
export {
  chooseContext,
  type Context,
  credentialsOf,
  decodeTalosconfig,
  EMPTY_TALOSCONFIG,
  encodeTalosconfig,
  mergeTalosconfig,
  missingContextText,
  type Talosconfig,
  talosconfigPath,
  type TalosconfigSources,
} from "./talosconfig.ts";
export { loadTalosconfig, saveTalosconfig } from "./talosconfig_file.ts";
export { decode, type Decoded } from "./load.ts";
export { readSource } from "./yaml/source.ts";
export {
  ConfigError,
  type Place,
  type Problem,
  problemText,
} from "./problem.ts";
export {
  type EffectiveConfig,
  type Interface,
  MACHINE_CONFIG,
  type MachineConfig,
  type MachineType,
  type Mode,
  MODES,
  type PemPair,
} from "./v1alpha1/types.ts";
export {
  IMAGE_NAMES,
  type ImageName,
  imageRef,
  retagged,
  tagOf,
  VERSIONS,
  versionTag,
} from "./images.ts";
export { effective } from "./defaults.ts";
export { encode } from "./save.ts";
export { edited, EditError } from "./edit.ts";
export { type KeyDoc, keyDocs } from "./encode.ts";
export {
  check,
  type Findings,
  load,
  validate,
  type ValidateOptions,
} from "./validate.ts";
export {
  type ConfigSlice,
  type DeepPartial,
  isConfigPath,
  select,
  valueAt,
} from "./select.ts";
export {
  affected,
  type ApplyPlan,
  type ConfigReader,
  diff,
  planApply,
} from "./diff.ts";
export {
  endpointProblem,
  generateConfig,
  type GeneratedFile,
  GenerateError,
  generateFiles,
  type GenerateInput,
  generateTalosconfig,
  parseRegistryMirrors,
} from "./generate.ts";
export {
  generateSecrets,
  randomToken,
  type Secrets,
  SecretsError,
  secretsOf,
  type SecretsOptions,
} from "./secrets.ts";
