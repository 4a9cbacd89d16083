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
