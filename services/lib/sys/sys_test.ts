/** The same questions to the kernel and to the pretend one. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { cString } from "./buffer.ts";
import * as k from "./constants.ts";
import { ERRNO, errnoName, isErrno, SysError } from "./errno.ts";
import { FakeSys } from "./fake.ts";
import { lastErrno, libc } from "./libc.ts";
import { realSys } from "./real.ts";
import type { Sys } from "./sys.ts";

/** Larger than any pid_max. */
const NO_PID = 0x3fff_ffff;

function check(name: string, ask: (sys: Sys) => void | Promise<void>) {
  Deno.test(`sys: ${name}`, async (t) => {
    await t.step("real", () => ask(realSys));
    await t.step("fake", () => {
      const fake = new FakeSys();
      fake.running.add(Deno.pid);
      return ask(fake);
    });
  });
}

check("kill finds us and nobody else", (sys) => {
  sys.kill(Deno.pid, 0);
  const refused = assertThrows(() => sys.kill(NO_PID, 0), SysError);
  assertEquals(refused.errno, ERRNO.ESRCH);
  assertEquals(refused.syscall, "kill");
});

check("unmounting what is not mounted is refused", (sys) => {
  const refused = assertThrows(() => sys.umount("/proc/self"), SysError);
  // EPERM without CAP_SYS_ADMIN.
  assert(refused.is("EINVAL", "EPERM"), refused.message);
  assertEquals(refused.path, "/proc/self");
});

check("limits are read, and set to what they are", (sys) => {
  const before = sys.getrlimit(k.RLIMIT_NOFILE);
  assert(before.soft > 0n && before.soft <= before.hard);
  sys.setrlimit(k.RLIMIT_NOFILE, before);
  assertEquals(sys.getrlimit(k.RLIMIT_NOFILE), before);
  const wrong = { soft: 2n, hard: 1n };
  const refused = assertThrows(
    () => sys.setrlimit(k.RLIMIT_CORE, wrong),
    SysError,
  );
  assertEquals(errnoName(refused.errno), "EINVAL");
});

check("reaping what is no child does nothing", (sys) => {
  assertEquals(sys.reap(NO_PID), false);
  assertEquals(sys.reap(-1), false);
  assertEquals(sys.reap(0), false);
});

check("statfs has figures that fit together", (sys) => {
  const stats = sys.statfs("/");
  assert(stats.sizeBytes >= stats.freeBytes);
  assert(stats.freeBytes >= stats.availableBytes);
  assert(stats.blockSizeBytes > 0);
});

check("asking the clock changes nothing and says its state", (sys) => {
  const state = sys.adjustTime({});
  assert(state >= 0 && state <= k.TIME_ERROR, `${state}`);
});

check("sync ends", (sys) => sys.syncfs("/dev"));

check("a netlink socket is silent until asked", (sys) => {
  const socket = sys.openNetlink(k.NETLINK_ROUTE);
  assertEquals(socket.receive(), undefined);
  socket.close();
  socket.close();
});

Deno.test("sys: statfs of the kernel agrees with node:fs", async () => {
  const { statfsSync } = await import("node:fs");
  const ours = realSys.statfs("/proc"), theirs = statfsSync("/proc");
  assertEquals(ours.type, k.PROC_SUPER_MAGIC);
  assertEquals(ours.blockSizeBytes, theirs.bsize);
  const root = realSys.statfs("/");
  const again = statfsSync("/");
  assertEquals(root.sizeBytes, again.blocks * again.bsize);
  assertEquals(root.inodes, again.files);
});

Deno.test("sys: errno is that of the call, whatever else allocates", () => {
  const { kill, close } = libc();
  let junk: unknown[] = [];
  const wrong: number[] = [];
  for (let i = 0; i < 50_000; i++) {
    if (i % 2 === 0) kill(NO_PID, 0);
    else close(-1);
    const errno = lastErrno();
    if (errno !== (i % 2 === 0 ? ERRNO.ESRCH : ERRNO.EBADF)) wrong.push(errno);
    junk.push(new Array(32).fill(i));
    if (junk.length > 2_000) junk = [];
  }
  assertEquals(wrong, []);
});

Deno.test("sys: an error says what, on what, and the kernel's name of why", () => {
  const refused = assertThrows(
    () => realSys.statfs("/nowhere at all"),
    SysError,
  );
  assertEquals(
    refused.message,
    'Cannot read the figures of "/nowhere at all": ENOENT',
  );
  assertEquals(refused.problem, {
    kind: "syscall",
    syscall: "statfs",
    errno: 2,
    path: "/nowhere at all",
  });
  assert(isErrno(refused, "EACCES", "ENOENT"));
  assert(!isErrno(new Error("x"), "ENOENT"));
  assertEquals(errnoName(4095), "errno 4095");
});

Deno.test("sys: a string with a zero byte never reaches C", () => {
  assertThrows(() => cString("/a\0b"), SysError, "zero byte");
  assertEquals([...cString("é")], [0xc3, 0xa9, 0]);
});

Deno.test("sys: execve that fails returns by throwing", () => {
  const refused = assertThrows(
    () => realSys.execve("/nowhere/init", ["init", "--x"], ["A=b"]),
    SysError,
  );
  assertEquals(
    refused.message,
    'Cannot execute "/nowhere/init" with 2 arguments: ENOENT',
  );
});

Deno.test("sys: the fake refuses on demand, as often as told", () => {
  const fake = new FakeSys();
  fake.fail("mount", "EBUSY", 2);
  const mount = () => fake.mount({ target: "/x", fstype: "tmpfs" });
  assertThrows(mount, SysError, 'Cannot mount "/x": EBUSY');
  assertThrows(mount, SysError, "EBUSY");
  mount();
  assertEquals(fake.mounts, [{ target: "/x", fstype: "tmpfs" }]);
  assertEquals(fake.calls.length, 3);
});

Deno.test({
  name: "sys: the permission for the path of libc is enough",
  fn: async () => {
    const { LIBC_PATHS } = await import("../paths.ts");
    const code = `
      import { realSys } from ${
      JSON.stringify(import.meta.resolve("./real.ts"))
    };
      const s = realSys.openNetlink(0);
      s.close();
      try { realSys.kill(${NO_PID}, 0); } catch (e) { console.log(e.message); }
      try { Deno.UnsafePointer.of(new Uint8Array(1)); } catch (e) { console.log(e.name); }
    `;
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(file, code);
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        `--config=${config}`,
        `--allow-ffi=${LIBC_PATHS.join(",")}`,
        file,
      ],
      env: { NO_COLOR: "1" },
      stderr: "inherit",
    }).output();
    await Deno.remove(file);
    assertEquals(
      new TextDecoder().decode(stdout),
      `Cannot send signal 0 to process ${NO_PID}: ESRCH\nNotCapable\n`,
    );
  },
});
