/** Finding the programs that work for a cluster. */
import { assertEquals } from "@std/assert";
import { isMarked } from "./processes.ts";

Deno.test("isMarked wants the whole directory", () => {
  const text = "PATH=/bin\0TALOS_CLUSTER=/state/c\0HOME=/\0";
  assertEquals(isMarked(text, "/state/c"), true);
  assertEquals(isMarked(text, "/state"), false);
  assertEquals(isMarked(text, "/state/c2"), false);
  assertEquals(isMarked("", "/state/c"), false);
});
