/** Reading mountinfo. */
import { assertEquals } from "@std/assert";
import { parseMountinfo } from "./mounts.ts";

Deno.test("parseMountinfo reads optional fields and escapes", () => {
  const text =
    "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n" +
    "29 28 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n" +
    "nonsense\n";
  assertEquals(parseMountinfo(text), [
    {
      target: "/mnt 2",
      type: "ext3",
      options: ["rw", "errors=continue"],
    },
    { target: "/sys/fs/cgroup/cpu", type: "cgroup", options: ["rw", "cpu"] },
  ]);
});
