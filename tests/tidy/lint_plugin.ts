/**
 * House rules that `deno lint` can see: where danger may live, and what an
 * import may name. The rest of the rules are in tidy_test.ts.
 */

const SYS = "/services/lib/sys/";

/** `Deno.X` members and the only path that may use each. */
const FENCED: Record<string, string> = {
  dlopen: SYS,
  UnsafePointer: SYS,
  UnsafePointerView: SYS,
  UnsafeCallback: SYS,
  UnsafeFnPointer: SYS,
};

function isTest(filename: string): boolean {
  return /_(test|bench)\.ts$/.test(filename) || filename.includes("/tests/");
}

const FUNCTION_LINES_MAX = 60;

/** Functions that are one long text. */
const LONG_FUNCTIONS: readonly string[] = [
  "/services/talosctl/render/completion.ts",
];

/** Where the world begins: everything else is given what it needs of it. */
const EDGES: readonly string[] = [
  "/mod.ts",
  "/core-wasm/build.ts",
  "/core-wasm/digest.ts",
  "/main.ts",
  "/proto/generate.ts",
  "/rootfs/",
  "/services/lib/command.ts",
  "/services/lib/kube/transport.ts",
  "/services/lib/net/resolve.ts",
  "/services/lib/private_file.ts",
  "/services/lib/replace_file.ts",
  "/services/lib/sys/",
  "/services/lib/worker/debug.ts",
  "/services/lib/worker/heap.ts",
  "/services/lib/worker/host.ts",
  "/services/machined/api/machine_service.ts",
  "/services/machined/children.ts",
  "/services/machined/files.ts",
  "/services/machined/inspect/",
  "/services/machined/node.ts",
  "/services/machined/supervisor/fifo.ts",
  "/services/machined/supervisor/host_container.ts",
  "/services/machined/supervisor/service_host.ts",
  "/services/machined/units/probes.ts",
  "/services/talosctl/cli/edge.ts",
  "/services/talosctl/provision/",
];

/** Options as the last argument, under whatever name. */
function isOptions(param: Deno.lint.Parameter): boolean {
  const left = param.type === "AssignmentPattern" ? param.left : param;
  return left.type === "ObjectPattern" ||
    left.type === "Identifier" && /(options|deps|signal)$/i.test(left.name);
}

/** Older than the rule; the list only gets shorter. */
const MANY_ARGUMENTS: readonly string[] = [
  // Hot paths: bytes, where and how many.
  "/core-wasm/",
  "/rootfs/entries.ts",
  "/rootfs/launcher.ts",
  "/rootfs/module_cache.ts",
  "/rootfs/stage.ts",
  "/services/apid/daemon.ts",
  "/services/lib/config/diff.ts",
  "/services/lib/config/generate.ts",
  "/services/lib/http2/huffman.ts",
  "/services/lib/http2/test_wire.ts",
  "/services/lib/relay/one_to_one.ts",
  "/services/lib/relay/sockets.ts",
  "/services/lib/relay/test_calls.ts",
  "/services/lib/rpc/connection_guard.ts",
  "/services/lib/sys/filesystem.ts",
  "/services/lib/sys/power.ts",
  "/services/machined/guard.ts",
  "/services/networkd/rtnetlink.ts",
  "/services/talosctl/cli/help.ts",
  "/services/talosctl/cli/values.ts",
  "/services/talosctl/commands/problems.ts",
  "/services/talosctl/commands/report.ts",
  "/services/talosctl/commands/streams.ts",
  "/services/talosctl/provision/configs.ts",
  "/services/talosctl/provision/mounts.ts",
  "/services/talosctl/provision/processes.ts",
  "/services/talosctl/provision/sntp.ts",
  "/services/talosctl/render/files.ts",
  "/services/timed/discipline.ts",
  "/services/trustd/grant.ts",
];

const plugin: Deno.lint.Plugin = {
  name: "talos",
  rules: {
    "fence": {
      create(context) {
        return {
          "MemberExpression[object.name='Deno']"(node) {
            const { property } = node as Deno.lint.MemberExpression;
            if (property.type !== "Identifier") return;
            const home = FENCED[property.name];
            if (home && !context.filename.includes(home)) {
              context.report({
                node,
                message: `Deno.${property.name} belongs in ${home}`,
              });
            }
          },
          "MemberExpression[object.name='WebAssembly']"(node) {
            if (context.filename.includes("/core-wasm/instance")) return;
            if (isTest(context.filename)) return;
            context.report({
              node,
              message: "WebAssembly.* belongs in core-wasm/instance.ts",
            });
          },
        };
      },
    },
    "deno-at-edges": {
      create(context) {
        return {
          "MemberExpression[object.name='Deno']"(node) {
            if (isTest(context.filename)) return;
            if (EDGES.some((edge) => context.filename.includes(edge))) return;
            context.report({
              node,
              message: "Deno.* belongs at an edge (the list in lint_plugin.ts)",
            });
          },
        };
      },
    },
    "short-functions": {
      create(context) {
        const check = (node: Deno.lint.Node) => {
          const [from, to] = node.range;
          const text = context.sourceCode.text.slice(from, to);
          const lines = text.split("\n").length;
          if (lines <= FUNCTION_LINES_MAX || isTest(context.filename)) return;
          if (LONG_FUNCTIONS.some((end) => context.filename.endsWith(end))) {
            return;
          }
          context.report({ node, message: `a function of ${lines} lines` });
        };
        return {
          FunctionDeclaration: check,
          FunctionExpression: check,
          ArrowFunctionExpression: check,
        };
      },
    },
    "few-arguments": {
      create(context) {
        return {
          "ExportNamedDeclaration > FunctionDeclaration"(node) {
            const { params } = node as Deno.lint.FunctionDeclaration;
            const [, , third, fourth] = params;
            if (!third || isTest(context.filename)) return;
            if (isOptions(third) && !fourth) return;
            if (
              MANY_ARGUMENTS.some((part) => context.filename.includes(part))
            ) {
              return;
            }
            context.report({
              node,
              message: `${params.length} arguments: two, then options`,
            });
          },
        };
      },
    },
    "documented": {
      create(context) {
        return {
          ExportNamedDeclaration(node) {
            const { declaration } = node as Deno.lint.ExportNamedDeclaration;
            if (!declaration || isTest(context.filename)) return;
            const { text } = context.sourceCode;
            // The only one of a file is what its opening comment is about; the
            // rows of a table stand beneath the comment of the table.
            if (text.match(/^export /gm)?.length === 1) return;
            const before = text.slice(0, node.range[0]);
            if (/(\*\/|\/\/.*|export const .*;)\n$/.test(before)) return;
            // `type X = (typeof X)[keyof typeof X]` stands beneath its X.
            if (declaration.type === "TSTypeAliasDeclaration") {
              const own = text.slice(...node.range);
              if (own.includes("typeof ")) return;
            }
            context.report({ node, message: "an export has a doc comment" });
          },
        };
      },
    },
    "bare-imports": {
      create(context) {
        return {
          ImportDeclaration(node) {
            if (/^(npm|jsr|https?):/.test(node.source.value)) {
              context.report({
                node,
                message: "name the package in the import map of deno.json",
              });
            }
          },
        };
      },
    },
    "no-default-export": {
      create(context) {
        return {
          ExportDefaultDeclaration(node) {
            if (context.filename.endsWith("/lint_plugin.ts")) return;
            context.report({ node, message: "export by name" });
          },
        };
      },
    },
  },
};

export default plugin;
