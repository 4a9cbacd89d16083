/** Finding processes by their arguments. */
import { assertEquals } from "@std/assert";
import { hasPair } from "./processes.ts";

Deno.test("hasPair wants neighbours, not a substring", () => {
  const argv = ["runc", "--root", "/state/c/runc", "delete"];
  assertEquals(hasPair(argv, "--root", "/state/c/runc"), true);
  assertEquals(hasPair(argv, "--root", "/state/c"), false);
  assertEquals(hasPair(argv, "runc", "/state/c/runc"), false);
});
