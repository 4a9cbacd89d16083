/**
 * The debug door: one daemon outside a node, in the foreground, with only its
 * own permissions. `--config -` reads the machine config from stdin; for a FILE
 * Deno asks at the terminal, as a daemon may read no config by itself (a flag
 * `--allow-read` would replace what the permission set of the daemon has).
 * SIGHUP reads the config again. Never part of a bundle.
 */
import process from "node:process";
import {
  ConfigError,
  decode,
  effective,
  type EffectiveConfig,
  select,
} from "../config/mod.ts";
import { issueNodeIdentity, nodeSubject } from "../pki/identity.ts";
import { chainOf, messageOf } from "../errors.ts";
import { createLogger, type Logger } from "../log.ts";
import type { Daemon } from "./daemon.ts";
import type { Manifest } from "./manifest.ts";
import type { Identity, NodeFacts, WorkerConfig } from "./protocol.ts";

/** What the command line of a daemon can say. */
export interface DebugOptions {
  readonly config?: string;
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly maintenance: boolean;
}

const USAGE = "usage: main.ts [--config FILE|-] [--hostname NAME] " +
  "[--address IP]... [--maintenance]";

/** @throws {TypeError} with the usage when `args` cannot be understood. */
export function parseDebugArgs(args: readonly string[]): DebugOptions {
  const addresses: string[] = [];
  let config: string | undefined;
  let hostname = "localhost";
  let maintenance = false;
  for (let i = 0; i < args.length; i++) {
    const [flag, inline] = splitFlag(args[i]!);
    const value = () => {
      const text = inline ?? args[++i];
      if (text === undefined) throw new TypeError(`${flag}: ${USAGE}`);
      return text;
    };
    if (flag === "--config") config = value();
    else if (flag === "--hostname") hostname = value();
    else if (flag === "--address") addresses.push(value());
    else if (flag === "--maintenance") maintenance = true;
    else throw new TypeError(`${flag}: ${USAGE}`);
  }
  return {
    ...(config === undefined ? {} : { config }),
    hostname,
    addresses,
    maintenance,
  };
}

function splitFlag(arg: string): [string, string | undefined] {
  const at = arg.indexOf("=");
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}

async function readText(path: string): Promise<string> {
  if (path !== "-") return await Deno.readTextFile(path);
  return await new Response(Deno.stdin.readable).text();
}

/** Runs `parse` without the variables that the YAML parser asks for: most
 * daemons may not read any, and the sandbox shall be the same as on a node. */
function withoutEnv<T>(parse: () => T): T {
  const env = Object.getOwnPropertyDescriptor(process, "env")!;
  Object.defineProperty(process, "env", { ...env, value: {} });
  try {
    return parse();
  } finally {
    Object.defineProperty(process, "env", env);
  }
}

/** The config as a node would give it: defaults filled in, then its paths. */
async function loadConfig(
  manifest: Manifest,
  options: DebugOptions,
): Promise<WorkerConfig> {
  const { config: file, hostname, addresses, maintenance } = options;
  const node = {
    mode: "container",
    hostname,
    version: "debug",
    addresses,
  } as const;
  if (file === undefined) return { config: {}, node, maintenance };
  const text = await readText(file);
  const { config, problems } = withoutEnv(() => decode(text));
  if (problems.length > 0) throw new ConfigError(file, problems);
  const whole = effective(config);
  const identity = await issue(whole, node);
  return {
    config: select(whole, manifest.config) as Record<string, unknown>,
    node,
    ...(identity ? { identity } : {}),
    ...(maintenance ? { maintenance } : {}),
  };
}

/** The certificate that machined would issue; none without the CA's key. */
async function issue(
  config: EffectiveConfig,
  node: NodeFacts,
): Promise<Identity | undefined> {
  const { ca, certSANs } = config.machine ?? {};
  if (!ca?.crt || !ca.key) return undefined;
  return await issueNodeIdentity(
    { crt: ca.crt, key: ca.key },
    nodeSubject(node, certSANs ?? []),
  );
}

/** Runs `daemon` until SIGINT or SIGTERM, then ends the process. */
export async function runByHand(
  manifest: Manifest,
  daemon: Daemon,
): Promise<void> {
  const encoder = new TextEncoder();
  const say = (line: string) =>
    void Deno.stdout.writeSync(encoder.encode(`${line}\n`));
  const log = createLogger(say, { subject: `${manifest.name}: ` });
  try {
    // Behind the door of mod.ts the name comes first.
    const [first, ...rest] = Deno.args;
    const options = parseDebugArgs(first === manifest.name ? rest : Deno.args);
    await runOnce({ manifest, daemon, options, log });
    Deno.exit(0);
  } catch (thrown) {
    const hint = thrown instanceof Deno.errors.NotCapable
      ? " (where Deno cannot ask, give the file on stdin: --config - < FILE)"
      : "";
    say(`${manifest.name}: ${chainOf(thrown)}${hint}`);
    Deno.exit(thrown instanceof TypeError ? 2 : 1);
  }
}

async function runOnce(of: {
  manifest: Manifest;
  daemon: Daemon;
  options: DebugOptions;
  log: Logger;
}): Promise<void> {
  const { manifest, daemon, options, log } = of;
  const stop = new AbortController();
  const end = () => stop.abort(new Error("asked to stop"));
  const callbacks: ((config: WorkerConfig) => void)[] = [];
  let newest: WorkerConfig | undefined;
  const reload = () => {
    loadConfig(manifest, options).then(
      (config) => {
        newest = config;
        callbacks.forEach((callback) => callback(config));
      },
      (thrown) => log.warn("Cannot read the config again", thrown),
    );
  };
  Deno.addSignalListener("SIGINT", end);
  Deno.addSignalListener("SIGTERM", end);
  if (options.config !== "-") Deno.addSignalListener("SIGHUP", reload);
  try {
    await daemon({
      config: await loadConfig(manifest, options),
      log,
      signal: stop.signal,
      ready: () => log.info("ready"),
      health: (healthy, message) =>
        log.info(`${healthy ? "healthy" : "unhealthy"}: ${message}`),
      notice: (text) => log.info(`event: ${text}`),
      onConfig: (callback) => {
        callbacks.push(callback);
        if (newest) callback(newest);
      },
    });
  } catch (thrown) {
    if (thrown !== stop.signal.reason) throw thrown;
    log.debug(messageOf(thrown));
  }
}
