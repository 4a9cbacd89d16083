/** Taking a cluster's context away again. */
import { assertEquals } from "@std/assert";
import { withoutContext } from "./talosconfig.ts";

const context = (ca: string) => ({
  endpoints: ["10.5.0.2"],
  nodes: [],
  ca,
  crt: "crt",
  key: "key",
});

const CONFIG = {
  context: "local",
  contexts: { prod: context("prod"), local: context("ours") },
};

const cases: Record<
  string,
  [{ context: string; ca: string }, typeof CONFIG | object]
> = {
  "ours goes, another becomes current": [
    { context: "local", ca: "ours" },
    { context: "prod", contexts: { prod: context("prod") } },
  ],
  "one of another CA stays": [{ context: "prod", ca: "ours" }, CONFIG],
  "one that is gone is no matter": [{ context: "x", ca: "ours" }, CONFIG],
};

Deno.test("withoutContext takes away only what create added", async (t) => {
  for (const [name, [merged, expected]] of Object.entries(cases)) {
    await t.step(name, () => {
      const found = withoutContext(CONFIG, { path: "/config", ...merged });
      assertEquals<unknown>(found, expected);
    });
  }
});
