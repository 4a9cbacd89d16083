/** USERDATA in all its forms. */
import { assertEquals, assertRejects } from "@std/assert";
import { containerConfig, PlatformError } from "./container.ts";

const decoder = new TextDecoder();
const readFile = (path: string) =>
  Promise.resolve(new TextEncoder().encode(`of ${path}`));

Deno.test("USERDATA is base64 or names a file; nothing is no config", async () => {
  const cases: [string | undefined, string | undefined][] = [
    [undefined, undefined],
    ["", undefined],
    [" \n", undefined],
    ["YTogw7wK", "a: ü\n"],
    ["YTogw7wK\n", "a: ü\n"],
    ["file:/run/config.yaml", "of /run/config.yaml"],
  ];
  for (const [userdata, want] of cases) {
    const found = await containerConfig(userdata, readFile);
    assertEquals(found && decoder.decode(found), want);
  }
});

Deno.test("USERDATA that is not base64, or endless, is an error", async () => {
  for (const userdata of ["version: v1alpha1", "A".repeat((4 << 20) + 1)]) {
    await assertRejects(
      () => containerConfig(userdata, readFile),
      PlatformError,
      'Cannot read the environment variable "USERDATA"',
    );
  }
});
