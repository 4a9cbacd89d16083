/** Tests of the debug door's command line. */
import { assertEquals, assertThrows } from "@std/assert";
import { parseDebugArgs } from "./debug.ts";

Deno.test("parseDebugArgs() reads every flag in both spellings", () => {
  assertEquals(
    parseDebugArgs([
      "--config=a.yaml",
      "--hostname",
      "n1",
      "--address",
      "10.5.0.2",
      "--address=10.5.0.3",
      "--maintenance",
    ]),
    {
      config: "a.yaml",
      hostname: "n1",
      addresses: ["10.5.0.2", "10.5.0.3"],
      maintenance: true,
    },
  );
  assertEquals(parseDebugArgs([]), {
    hostname: "localhost",
    addresses: [],
    maintenance: false,
  });
});

Deno.test("parseDebugArgs() refuses what it does not know", () => {
  assertThrows(() => parseDebugArgs(["--confg"]), TypeError, "usage:");
  assertThrows(() => parseDebugArgs(["--config"]), TypeError, "--config");
});
