/** Reading mountinfo. */
import { assertEquals } from "@std/assert";
import { parseMountinfo, takesOverlays } from "./mounts.ts";

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

Deno.test("takesOverlays looks at the file system that holds the path", () => {
  const mounts = [
    ["/", "overlay"],
    ["/home", "ext4"],
    ["/home/nfs", "nfs4"],
    ["/home/nfs", "xfs"],
    ["/run", "tmpfs"],
  ].map(([target, type]) => ({ target: target!, type: type!, options: [] }));
  const takes = (path: string) => takesOverlays(path, mounts);
  assertEquals(
    ["/", "/homes", "/home", "/home/a", "/home/nfs/a", "/run/x"].map(takes),
    [false, false, true, true, true, true],
  );
  assertEquals(takesOverlays("/home/nfs", mounts.slice(0, 3)), false);
  assertEquals(takesOverlays("/x", []), false);
});
