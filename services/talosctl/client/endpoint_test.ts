/** Endpoints as users write them. */
import { assertEquals, assertThrows } from "@std/assert";
import { CliError } from "../cli/errors.ts";
import { parseEndpoint, shuffle } from "./endpoint.ts";

Deno.test("parseEndpoint() takes names, addresses, ports and sockets", () => {
  for (
    const [text, label, target] of [
      ["10.5.0.2", "10.5.0.2", { host: "10.5.0.2", port: 50_000 }],
      ["10.5.0.2:50001", "10.5.0.2", { host: "10.5.0.2", port: 50_001 }],
      ["fd00::2", "fd00::2", { host: "fd00::2", port: 50_000 }],
      ["[fd00::2]:1", "fd00::2", { host: "fd00::2", port: 1 }],
      ["[fd00::2]", "fd00::2", { host: "fd00::2", port: 50_000 }],
      ["node-1.lan", "node-1.lan", { host: "node-1.lan", port: 50_000 }],
      ["localhost:65535", "localhost", { host: "localhost", port: 65_535 }],
      ["unix:///run/a.sock", "/run/a.sock", { socket: "/run/a.sock" }],
    ] as const
  ) assertEquals(parseEndpoint(text), { label, target }, text);
});

Deno.test("parseEndpoint() refuses the rest", () => {
  for (
    const text of [
      "",
      "host:",
      "host:0",
      "host:65536",
      "host:123456",
      "https://host",
      "[host]:1",
      "[10.5.0.2]:1",
      "a b",
      "host/path",
      "-host",
      "user@host",
      "unix://relative",
      "fd00::2:zz",
    ]
  ) assertThrows(() => parseEndpoint(text), CliError, "invalid endpoint");
});

Deno.test("shuffle() keeps all, in any order", () => {
  const items = [1, 2, 3, 4];
  assertEquals(shuffle(items).sort(), items);
  assertEquals(shuffle(items, () => 0), [2, 3, 4, 1]);
  assertEquals(items, [1, 2, 3, 4]);
});
