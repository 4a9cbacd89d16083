/** TOML as containerd's parser reads it. */
import { assertEquals } from "@std/assert";
import { toml } from "./toml.ts";

Deno.test("toml() writes values before tables, and leaves undefined out", () => {
  assertEquals(
    toml({
      later: { of: { two: 2 } },
      name: "a",
      none: undefined,
      list: [["a", "b"], []],
      yes: true,
    }),
    'name = "a"\nlist = [["a", "b"], []]\nyes = true\n\n[later.of]\ntwo = 2\n',
  );
});

Deno.test("toml() quotes what is no bare key, and escapes", () => {
  assertEquals(
    toml({ 'h "x"': { "https://r:5": { a: "\n\\\u007f\ud800" } } }),
    '["h \\"x\\""."https://r:5"]\na = "\\n\\\\\\u007f\ufffd"\n',
  );
});

Deno.test("toml() shows an empty table", () => {
  assertEquals(toml({ host: { "http://a": {} } }), '[host."http://a"]\n');
});
