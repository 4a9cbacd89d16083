/**
 * The completion scripts in the shells that they are for. A machine without
 * zsh leaves its cases out and says so.
 */
import { assert, assertEquals } from "@std/assert";
import { runCli } from "#tests/talosctl.ts";

/** The line up to the cursor, and all that must be offered. */
const CASES: readonly (readonly [line: string, offered: string])[] = [
  ["talosctl v", "validate version"],
  ["talosctl gen ", "ca config crt csr key keypair"],
  ["talosctl config use-", "use-context"],
  ["talosctl -n 10.5.0.2 service et", "etcd"],
  ["talosctl --nodes 10.5.0.2 memory --verb", "--verbose"],
  ["talosctl ls --lo", "--long"],
  ["talosctl processes --sort ", "cpu rss"],
  ["talosctl validate -m ", "cloud container metal"],
  ["talosctl -o ", "json table yaml"],
  ["talosctl memory -o js", "json"],
  // -o of gen config is a directory, not the format.
  [
    "talosctl gen config -o /usr/li",
    "/usr/lib /usr/lib32 /usr/lib64 /usr/libexec /usr/libx32",
  ],
  ["talosctl completion ", "bash zsh"],
  ["talosctl --context ", "home work"],
  ["talosctl config context w", "work"],
  ["talosctl --output=json mem", "memory"],
  ["talosctl memory unknown", ""],
];

/** A pretend talosctl that knows two contexts. */
const CONTEXTS = `talosctl() {
  printf 'CURRENT   NAME   ENDPOINTS   NODES\\n*   home   a   b\\n    work   c\\n'
}
`;

const quote = (word: string) => `'${word}'`;

/** Words of `line` for the shell; the last one is under the cursor. */
function words(line: string): string {
  return line.split(" ").map(quote).join(" ");
}

async function shell(program: string, script: string): Promise<string> {
  const child = new Deno.Command(program, {
    args: program === "bash" ? ["--norc", "-s"] : ["-f", "-s"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { stdout, stderr } = await child.output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

async function has(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["-c", ":"] }).output();
    return true;
  } catch {
    return false;
  }
}

/** One line of sorted words for each line of `output`. */
function check(output: string): void {
  const lines = output.split("\n").slice(0, -1);
  for (const [at, [line, offered]] of CASES.entries()) {
    const got = (lines[at] ?? "").split(" ").filter(Boolean).sort();
    // What lies in /usr depends on the machine; the folder itself must be there.
    if (offered.startsWith("/")) assert(got.includes("/usr/lib"), line);
    else assertEquals(got.join(" "), offered, line);
  }
  assertEquals(lines.length, CASES.length);
}

Deno.test("bash completes", async () => {
  const { stdout: script } = await runCli(["completion", "bash"]);
  const asks = CASES.map(([line]) =>
    `COMP_WORDS=(${words(line)}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1))
__talosctl_complete; echo "\${COMPREPLY[@]}"`
  );
  check(await shell("bash", `${script}\n${CONTEXTS}\n${asks.join("\n")}\n`));
});

Deno.test({
  name: "zsh completes",
  ignore: !await has("zsh"),
  async fn() {
    const { stdout: script } = await runCli(["completion", "zsh"]);
    // Stand-ins for the completion system: they print what they are given,
    // cut to what begins with the word under the cursor, as it does.
    const stubs = `compdef() { : }
compadd() {
  [ "$1" = -- ] && shift
  local w; local -a m
  for w in "$@"; do [[ $w == \${words[CURRENT]}* ]] && m+=($w); done
  echo "\${m[@]}"
}
_files() {
  local -a m; m=(\${words[CURRENT]}*(N)); echo "\${m[@]}"
}
`;
    const asks = CASES.map(([line]) =>
      `words=(${words(line)}); CURRENT=\${#words}; _talosctl`
    );
    check(
      await shell(
        "zsh",
        `${stubs}${script}\n${CONTEXTS}\n${asks.join("\n")}\n`,
      ),
    );
  },
});
