/** `talosctl completion`. */
import { leaf } from "../cli/command.ts";
import { usageError } from "../cli/run.ts";

export const completion = leaf({
  name: "completion",
  summary: "Print the completion script of a shell",
  details: `bash:  source <(talosctl completion bash)
zsh:   source <(talosctl completion zsh)`,
  args: { usage: "<bash|zsh>", min: 1, max: 1, complete: "shell" },
  flags: {},
  async run(context) {
    const [{ bashScript, zshScript, describeCommands }, { COMMANDS }] =
      await Promise.all([
        import("../render/completion.ts"),
        import("../commands.ts"),
      ]);
    const words = describeCommands(
      await Promise.all(COMMANDS.map((command) => command.load())),
    );
    switch (context.args[0]) {
      case "bash":
        return await context.edge.stdout(bashScript(words));
      case "zsh":
        return await context.edge.stdout(zshScript(words));
      default:
        throw usageError(
          context,
          `unsupported shell "${context.args[0]}": want bash or zsh`,
        );
    }
  },
});
