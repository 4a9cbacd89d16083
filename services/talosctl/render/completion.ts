/**
 * Completion scripts for bash and zsh, made from the commands themselves. The
 * scripts are self-contained: completing a word never starts talosctl, except
 * for names of contexts. Pure.
 *
 * One shell function serves both: it walks the words before the cursor down
 * the tree of commands, skipping flags and their values, then offers what the
 * place calls for.
 */
import { type Command, type Flags, isGroup } from "../cli/command.ts";
import { GLOBAL_FLAGS } from "../cli/context.ts";

/** What may follow at one place of the tree. */
export interface Place {
  /** Words that lead here, canonical names joined by spaces; "" at the top. */
  readonly path: string;
  /** Names and aliases of subcommands, each with the canonical name. */
  readonly commands: readonly (readonly [word: string, name: string])[];
  /** Long and short flags as typed. */
  readonly flags: readonly string[];
  /** Those of them that take a value, with what completes it. */
  readonly values: readonly (readonly [flag: string, how: string])[];
  /** What completes an argument. */
  readonly args: string;
}

/** Services of a node: the names are few and stable. */
const SERVICES =
  "apid containerd cri etcd kubelet machined networkd routerd timed trustd udevd";

const ARGS: Record<string, string> = {
  file: "@file",
  dir: "@dir",
  context: "@context",
  service: SERVICES,
  shell: "bash zsh",
};

function flagWords(flags: Flags) {
  const visible = Object.entries(flags).filter(([, spec]) => !spec.hidden);
  const spelled = visible.map(([name, spec]) => ({
    spec,
    words: [`--${name}`, ...spec.short ? [`-${spec.short}`] : []],
  }));
  return {
    flags: spelled.flatMap(({ words }) => words),
    values: spelled.filter(({ spec }) => spec.type !== "bool").flatMap((
      { spec, words },
    ) =>
      words.map((word) =>
        [
          word,
          spec.choices?.join(" ") ?? ARGS[spec.complete ?? ""] ?? "",
        ] as const
      )
    ),
  };
}

/** `own` and the global flags that it does not hide. */
function withGlobals(own: Flags): Flags {
  const shorts = new Set(Object.values(own).map((spec) => spec.short));
  const global = Object.entries(GLOBAL_FLAGS as Flags)
    .filter(([name]) => !(name in own))
    .map(([name, { short, ...spec }]) =>
      [name, short && !shorts.has(short) ? { ...spec, short } : spec] as const
    );
  return { ...own, ...Object.fromEntries(global), help: HELP };
}

const HELP = { type: "bool", short: "h", help: "" } as const;

function names(commands: readonly Command[]) {
  return commands.filter((c) => !c.hidden).flatMap((c) =>
    [c.name, ...c.aliases ?? []].map((word) => [word, c.name] as const)
  );
}

/** Every place of the tree. */
export function describeCommands(commands: readonly Command[]): Place[] {
  const places: Place[] = [];
  const visit = (path: string, command: Command, inherited: Flags) => {
    const own = { ...inherited, ...command.flags };
    const below = isGroup(command) ? command.subcommands : [];
    places.push({
      path,
      commands: names(below),
      ...flagWords(withGlobals(own)),
      args: isGroup(command) ? "" : ARGS[command.args.complete ?? ""] ?? "",
    });
    for (const sub of below) visit(`${path} ${sub.name}`, sub, own);
  };
  places.push({
    path: "",
    commands: [...names(commands), ["help", "help"]],
    ...flagWords(withGlobals({})),
    args: "",
  });
  for (const command of commands) {
    if (!command.hidden) visit(command.name, command, {});
  }
  return places;
}

/** A `case` statement of shell, one arm a value. */
function cases(
  subject: string,
  arms: readonly (readonly [pattern: string, action: string])[],
): string {
  const lines = arms.map(([pattern, action]) => `    ${pattern}) ${action};;`);
  return `  case "${subject}" in\n${lines.join("\n")}\n  esac`;
}

const quoted = (text: string) => `"${text}"`;

function shared(places: readonly Place[]): string {
  const commands = places.map(({ path, commands }) =>
    [
      quoted(path),
      `echo ${quoted(commands.map(([w]) => w).join(" "))}`,
    ] as const
  );
  const enter = places.flatMap(({ path, commands }) =>
    commands.map(([word, name]) =>
      [
        quoted(`${path}/${word}`),
        `echo ${quoted(path === "" ? name : `${path} ${name}`)}`,
      ] as const
    )
  );
  const flags = places.map(({ path, flags }) =>
    [quoted(path), `echo ${quoted(flags.join(" "))}`] as const
  );
  const values = places.flatMap(({ path, values }) =>
    values.map(([flag, how]) =>
      [quoted(`${path}/${flag}`), `echo ${quoted(`value ${how}`)}`] as const
    )
  );
  const args = places.filter((p) => p.args !== "").map(({ path, args }) =>
    [quoted(path), `echo ${quoted(args)}`] as const
  );
  return `__talosctl_commands() {
${cases("$1", commands)}
}

__talosctl_enter() {
${cases("$1/$2", enter)}
}

__talosctl_flags() {
${cases("$1", flags)}
}

__talosctl_value() {
${cases("$1/$2", values)}
}

__talosctl_args() {
${cases("$1", args)}
}

__talosctl_contexts() {
  talosctl config contexts 2>/dev/null | sed -e 1d -e 's/^\\*/ /' |
    while read -r name rest; do echo "$name"; done
}

# Sets __talosctl_place from the words before the cursor, and
# __talosctl_pending to the flag that waits for its value.
__talosctl_walk() {
  __talosctl_place=""
  __talosctl_pending=""
  local word next
  for word in "$@"; do
    if [ -n "$__talosctl_pending" ]; then
      __talosctl_pending=""
      continue
    fi
    case "$word" in
      --*=*) ;;
      -*)
        if [ -n "$(__talosctl_value "$__talosctl_place" "$word")" ]; then
          __talosctl_pending="$word"
        fi
        ;;
      *)
        next="$(__talosctl_enter "$__talosctl_place" "$word")"
        if [ -n "$next" ]; then __talosctl_place="$next"; fi
        ;;
    esac
  done
}

# What may stand at the cursor: words, or one of @file @dir @context.
__talosctl_offer() {
  local current="$1" how
  if [ -n "$__talosctl_pending" ]; then
    how="$(__talosctl_value "$__talosctl_place" "$__talosctl_pending")"
    echo "\${how#value}"
    return
  fi
  case "$current" in
    -*) __talosctl_flags "$__talosctl_place" ;;
    *)
      __talosctl_commands "$__talosctl_place"
      __talosctl_args "$__talosctl_place"
      ;;
  esac
}
`;
}

/** For bash 4 and later. */
export function bashScript(places: readonly Place[]): string {
  return `# bash completion for talosctl; source it.
${shared(places)}
__talosctl_complete() {
  local current="\${COMP_WORDS[COMP_CWORD]}" offer
  __talosctl_walk "\${COMP_WORDS[@]:1:COMP_CWORD-1}"
  offer="$(__talosctl_offer "$current")"
  COMPREPLY=()
  case "$offer" in
    *@file*) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    *@dir*) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    *@context*)
      mapfile -t COMPREPLY < <(compgen -W "$(__talosctl_contexts)" -- "$current")
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$offer" -- "$current") ;;
  esac
}

complete -F __talosctl_complete talosctl
`;
}

/** For zsh 5, with or without its completion system loaded. */
export function zshScript(places: readonly Place[]): string {
  return `#compdef talosctl
# zsh completion for talosctl; source it, or save it as _talosctl in $fpath.
${shared(places)}
_talosctl() {
  local current="\${words[CURRENT]}" offer
  __talosctl_walk "\${(@)words[2,CURRENT-1]}"
  offer="$(__talosctl_offer "$current")"
  case "$offer" in
    *@file*) _files ;;
    *@dir*) _files -/ ;;
    *@context*) compadd -- \${(f)"$(__talosctl_contexts)"} ;;
    *) compadd -- \${=offer} ;;
  esac
}

if ! whence compdef >/dev/null; then
  autoload -Uz compinit && compinit -u
fi
compdef _talosctl talosctl
`;
}
