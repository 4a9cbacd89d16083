/** `talosctl config`: the client config. */
import {
  chooseContext,
  type Context as ConfigContext,
  decodeTalosconfig,
  mergeTalosconfig,
  missingContextText,
  type Talosconfig,
} from "#lib/config/talosconfig.ts";
import { freeName } from "#lib/free_name.ts";
import { saveTalosconfig } from "#lib/config/talosconfig_file.ts";
import { configPath, readTalosconfig } from "../client/settings.ts";
import { group, leaf, NO_ARGS } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { CliError } from "../cli/errors.ts";
import { renderContexts } from "../render/contexts.ts";
import { argument, readInput, reportLocal } from "./report.ts";

const FORCE = {
  type: "bool",
  help: "overwrite a context of the same name instead of renaming the new one",
} as const;

async function save(context: Context, config: Talosconfig): Promise<void> {
  const path = configPath(context);
  try {
    await saveTalosconfig(path, config);
  } catch (cause) {
    throw new CliError("failure", `Cannot write "${path}"`, { cause });
  }
}

/** Changes the context that `--context` names, or the current one. */
async function change(
  context: Context,
  edit: (chosen: ConfigContext) => ConfigContext,
): Promise<void> {
  const config = await readTalosconfig(context);
  const wanted = context.globals.context;
  const chosen = chooseContext(config, wanted);
  if (!chosen) {
    throw new CliError("failure", missingContextText(config, wanted));
  }
  const name = wanted || config.context;
  await save(context, {
    ...config,
    contexts: { ...config.contexts, [name]: edit(chosen) },
  });
}

function renamed(from: string, to: string): string {
  return `renamed talosconfig context "${from}" -> "${to}"\n`;
}

const add = leaf({
  name: "add",
  summary: "Add a context",
  args: { usage: "<context>", min: 1, max: 1 },
  flags: {
    ca: {
      type: "string",
      required: true,
      complete: "file",
      help: "path of the CA's certificate",
    },
    crt: {
      type: "string",
      required: true,
      complete: "file",
      help: "path of the client certificate",
    },
    key: {
      type: "string",
      required: true,
      complete: "file",
      help: "path of the client's key",
    },
    force: FORCE,
  },
  async run(context) {
    const { flags, edge } = context;
    const wanted = argument(context, 0);
    const config = await readTalosconfig(context);
    const base64 = async (path: string) =>
      (await readInput(context, path)).toBase64();
    const added: ConfigContext = {
      endpoints: [],
      nodes: [],
      ca: await base64(flags.ca),
      crt: await base64(flags.crt),
      key: await base64(flags.key),
    };
    const taken = new Set(Object.keys(config.contexts));
    const name = flags.force ? wanted : freeName(wanted, taken);
    await save(context, {
      context: config.context || name,
      contexts: { ...config.contexts, [name]: added },
    });
    if (name !== wanted) await edge.stdout(renamed(wanted, name));
  },
});

const useContext = leaf({
  name: "context",
  aliases: ["use-context"],
  summary: "Choose the current context",
  args: { usage: "<context>", min: 1, max: 1, complete: "context" },
  flags: {},
  async run(context) {
    const name = argument(context, 0);
    const config = await readTalosconfig(context);
    if (!chooseContext(config, name)) {
      throw new CliError("failure", missingContextText(config, name));
    }
    await save(context, { ...config, context: name });
  },
});

const contexts = leaf({
  name: "contexts",
  aliases: ["get-contexts"],
  summary: "List contexts",
  args: NO_ARGS,
  flags: {},
  async run(context) {
    const config = await readTalosconfig(context);
    const current = context.globals.context || config.context;
    const plain = Object.entries(config.contexts).map((
      [name, { endpoints, nodes }],
    ) => ({ name, current: name === current, endpoints, nodes }));
    await reportLocal(
      context,
      { contexts: plain },
      renderContexts(config, current),
    );
  },
});

const endpoint = leaf({
  name: "endpoint",
  aliases: ["endpoints"],
  summary: "Set the endpoints of the current context",
  args: { usage: "<endpoint>...", min: 0 },
  flags: {},
  async run(context) {
    const { parseEndpoint } = await import("../client/endpoint.ts");
    for (const text of context.args) parseEndpoint(text);
    await change(context, (c) => ({ ...c, endpoints: context.args }));
  },
});

const node = leaf({
  name: "node",
  aliases: ["nodes"],
  summary: "Set the nodes of the current context",
  args: { usage: "<node>...", min: 0 },
  flags: {},
  async run(context) {
    await change(context, (c) => ({ ...c, nodes: context.args }));
  },
});

const merge = leaf({
  name: "merge",
  summary: "Add the contexts of another client config",
  details:
    `Nothing is lost: a context whose name is taken is added as name-1, name-2
and so on, unless --force overwrites. The current context of the other file
becomes the current one.`,
  args: { usage: "<from>", min: 1, max: 1, complete: "file" },
  flags: { force: FORCE },
  async run(context) {
    const { edge, flags } = context;
    const from = argument(context, 0);
    const added = decodeTalosconfig(await readInput(context, from), from);
    const base = await readTalosconfig(context);
    const merged = mergeTalosconfig(base, added, { force: flags.force });
    await save(context, merged.config);
    for (const rename of merged.renames) {
      await edge.stdout(renamed(rename.from, rename.to));
    }
  },
});

const generate = leaf({
  name: "generate",
  summary: "Renamed to gen config",
  hidden: true,
  args: { usage: "", min: 0 },
  flags: {},
  run() {
    throw new CliError("usage", '"talosctl config generate" has a new name', {
      next: 'use "talosctl gen config"',
    });
  },
});

export const config = group({
  name: "config",
  summary: "Manage the client config (talosconfig)",
  flags: {},
  subcommands: [add, useContext, contexts, endpoint, generate, merge, node],
});
