/** Mounts as values. */
import { assertEquals, assertThrows } from "@std/assert";
import * as k from "./constants.ts";
import { FakeSys } from "./fake.ts";
import { Mount } from "./mount.ts";
import type { MountOptions } from "./sys.ts";

const RO_BIND: MountOptions = {
  source: "/",
  target: "/host",
  flags: k.MS_BIND | k.MS_REC | k.MS_RDONLY | k.MS_NOSUID,
};

Deno.test("mount: describe", async (t) => {
  const cases: [MountOptions, string][] = [
    [{ target: "/proc", fstype: "proc", source: "proc" }, "proc on /proc"],
    [
      {
        source: "tmpfs",
        target: "/run",
        fstype: "tmpfs",
        flags: k.MS_NOSUID | k.MS_NODEV,
        data: "size=10%",
      },
      "tmpfs on /run (nosuid,nodev) size=10%",
    ],
    [
      { source: "/dev/vda6", target: "/var", fstype: "xfs" },
      "xfs /dev/vda6 on /var",
    ],
    [RO_BIND, "/ on /host (ro,nosuid,bind,rec)"],
    [
      { target: "/", flags: k.MS_PRIVATE | k.MS_REC },
      "none on / (rec,private)",
    ],
  ];
  for (const [options, text] of cases) {
    await t.step(text, () => assertEquals(new Mount(options).describe(), text));
  }
});

Deno.test("mount: a read-only bind is bound, then restricted", () => {
  const sys = new FakeSys();
  const mount = new Mount(RO_BIND);
  mount.apply(sys);
  assertEquals(sys.calls, ["mount / on /host", "mount / on /host"]);
  assertEquals(sys.mounts, [
    { ...RO_BIND, flags: k.MS_BIND | k.MS_RDONLY | k.MS_NOSUID },
  ]);
  mount.undo(sys);
  assertEquals(sys.mounts, []);
});

Deno.test("mount: a bind that cannot be restricted is taken away", () => {
  const sys = new FakeSys();
  // The first call passes, the second is refused.
  const mount = sys.mount.bind(sys);
  let calls = 0;
  sys.mount = (options) => {
    if (++calls === 2) sys.fail("mount", "EPERM");
    mount(options);
  };
  assertThrows(() => new Mount(RO_BIND).apply(sys), Error, "EPERM");
  assertEquals(sys.mounts, []);
});

Deno.test("mount: plain binds and remounts are one call", () => {
  const sys = new FakeSys();
  new Mount({ source: "/a", target: "/b", flags: k.MS_BIND }).apply(sys);
  new Mount({ target: "/b", flags: k.MS_BIND | k.MS_REMOUNT | k.MS_RDONLY })
    .apply(sys);
  assertEquals(sys.calls.length, 2);
  assertEquals(sys.mounts.map((m) => m.flags), [k.MS_BIND | k.MS_RDONLY]);
});
