/** The tasks on a pretend kernel and on files in memory. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { encode, type MachineConfig } from "#lib/config/mod.ts";
import { CONTROL_PLANE } from "#lib/config/sample_configs.ts";
import { createLogger } from "#lib/log.ts";
import { FakeSys } from "#lib/sys/fake.ts";
import { EventRing } from "#lib/events.ts";
import { ConfigStore } from "../config_store.ts";
import { MemoryFiles } from "../files.ts";
import { FakeClock } from "../supervisor/fake.ts";
import { configTasks } from "./config.ts";
import { etcTasks } from "./etc.ts";
import { endProcesses, powerTasks } from "./power.ts";
import { isMountPoint, systemTasks, writeSysctls } from "./system.ts";
import {
  planUserFile,
  type UserFile,
  UserFileError,
  userTasks,
} from "./user.ts";

const MOUNTINFO = "/proc/self/mountinfo";

function setUp(files: Record<string, string> = {}) {
  const lines: string[] = [];
  return {
    sys: new FakeSys(),
    mounts: ["/system/run/apid", "/system/run/machined", "/dev/null"],
    files: new MemoryFiles({ [MOUNTINFO]: "", ...files }),
    log: createLogger((line) => lines.push(line.replace(/^\S+ /, ""))),
    lines,
  };
}

const never = new AbortController().signal;

Deno.test("sysctls: refused ones are logged, keys that are no names left out", async () => {
  const { files, log, lines } = setUp();
  files.refused.set("/proc/sys/kernel/pid_max", new Error("EACCES"));
  await writeSysctls({
    "net.ipv4.ip_forward": "1",
    "kernel.pid_max": "1",
    "../../etc/passwd": "x",
    "kernel/../x": "x",
  }, { files, log });
  assertEquals(files.files.get("/proc/sys/net/ipv4/ip_forward")?.text, "1");
  assertEquals(files.files.size, 2);
  assertEquals(lines, [
    'warn Cannot set sysctl kernel.pid_max to "1": EACCES',
    'warn sysctl "../../etc/passwd" is not a name, left out',
    'warn sysctl "kernel/../x" is not a name, left out',
  ]);
});

Deno.test("setupSystemDirectory mounts /system once, and closes what is in it", async () => {
  const bare = setUp();
  await systemTasks(bare).setupSystemDirectory!(never);
  assertEquals(bare.sys.mounts.map(({ target }) => target), ["/system"]);
  assertEquals(bare.files.directories.get("/system/state"), 0o700);
  assertEquals(bare.files.directories.get("/system/run/apid"), 0o750);
  assertEquals(bare.files.directories.get("/system/run/machined"), 0o700);
  assertEquals(bare.files.directories.has("/dev/null"), false);
  const mounted = setUp({
    [MOUNTINFO]: "36 35 98:0 / /system rw - tmpfs tmpfs rw\n",
  });
  await systemTasks(mounted).setupSystemDirectory!(never);
  assertEquals(mounted.sys.mounts, []);
});

Deno.test("isMountPoint looks at the mount point, not at the source", () => {
  const table = "36 35 98:0 /system /mnt rw - tmpfs tmpfs rw\n";
  assertEquals(isMountPoint(table, "/mnt"), true);
  assertEquals(isMountPoint(table, "/system"), false);
});

Deno.test("os-release is bound over that of the image, what is there stays", async () => {
  const { sys, files, log } = setUp({ "/system/etc/hosts": "10.0.0.1 me\n" });
  await etcTasks({ sys, files, log, version: "v0.9.0" })
    .createOSReleaseFile!(never);
  assertEquals(
    files.files.get("/system/etc/os-release")?.text,
    'NAME="Talos"\nID=talos\nVERSION_ID=v0.9.0\n' +
      'PRETTY_NAME="Talos (v0.9.0)"\nHOME_URL="https://www.talos.dev/"\n' +
      'BUG_REPORT_URL="https://github.com/talos-systems/talos/issues"\n',
  );
  assertEquals(files.files.get("/system/etc/hosts")?.text, "10.0.0.1 me\n");
  assertEquals(
    sys.mounts.map(({ source, target }) => `${source} ${target}`),
    [
      "/system/etc/os-release /etc/os-release",
      "/system/etc/hosts /etc/hosts",
      "/system/etc/resolv.conf /etc/resolv.conf",
    ],
  );
});

Deno.test("planUserFile: new files in /var only, others below it and bound", async (t) => {
  const cases: [UserFile, string][] = [
    [{ path: "/var/x", op: "create" }, "/var/x"],
    [{ path: "/var/x" }, "/var/x"],
    [{ path: "/etc/x", op: "create" }, "refused"],
    [{ path: "/var/../etc/x", op: "create" }, "refused"],
    [{ path: "/variable", op: "create" }, "refused"],
    [{ path: "/var/", op: "create" }, "refused"],
    [{ path: "x", op: "overwrite" }, "refused"],
    [{ path: "/etc/x", op: "overwrite" }, "/var/etc/x over /etc/x"],
    [
      { path: "/etc/kubernetes/manifests/p.yaml" },
      "/etc/kubernetes/manifests/p.yaml",
    ],
  ];
  for (const [file, want] of cases) {
    await t.step(`${file.op} ${file.path}`, () => {
      if (want === "refused") {
        assertThrows(() => planUserFile(file), UserFileError);
        return;
      }
      const { target, boundOver } = planUserFile(file);
      assertEquals(boundOver ? `${target} over ${boundOver}` : target, want);
    });
  }
});

Deno.test("files of the config: written, appended once, bound, and one that is bad is left out", async () => {
  const { sys, files, log, lines } = setUp({ "/etc/x": "image\n" });
  const userFiles = (): UserFile[] => [
    { path: "/etc/y", op: "create" },
    { path: "/var/a", content: "A", permissions: 0o600 },
    { path: "/etc/x", content: "more\n", op: "append" },
    { path: "/var/b", content: "B", op: "append" },
  ];
  files.files.set("/var/b", { text: "b", mode: 0o644 });
  const tasks = userTasks({ sys, files, log, userFiles, sysctls: () => ({}) });
  await tasks.writeUserFiles!(never);
  files.files.set(MOUNTINFO, {
    text: "36 35 98:0 /etc/x /etc/x ro - ext4 x rw\n",
    mode: 0o444,
  });
  await tasks.writeUserFiles!(never);
  assertEquals(files.files.get("/var/a"), { text: "A", mode: 0o600 });
  assertEquals(files.files.get("/var/b")?.text, "bB");
  assertEquals(files.files.get("/var/etc/x")?.text, "image\nmore\n");
  assertEquals(
    [...new Set(sys.mounts.map(({ target }) => target))],
    ["/etc/x"],
  );
  assertEquals(
    lines[0],
    'error file of the machine config left out: Cannot create "/etc/y": new files must be in /var',
  );
});

Deno.test("the end: nobody but PID 1 signals everybody", async () => {
  const { sys, log } = setUp();
  const clock = new FakeClock();
  await endProcesses({ sys, pid: 4711, clock, log });
  assertEquals(sys.signals, []);
});

Deno.test("the end: TERM, then KILL, then nobody; and the exit comes whatever happens", async () => {
  const { log } = setUp();
  const sent: string[] = [];
  let alive = true;
  const sys = {
    kill(pid: number, signal: number) {
      if (signal !== 0) sent.push(`${signal} to ${pid}`);
      if (signal === 9) alive = false;
      if (!alive && signal === 0) new FakeSys().kill(4711, 0);
    },
  };
  const exits: number[] = [];
  const tasks = powerTasks({
    sys,
    pid: 1,
    clock: new FakeClock(),
    log,
    events: new EventRing(),
    exit: (code) => exits.push(code),
  });
  await tasks.shutdown!(never);
  assertEquals(sent, ["15 to -1", "9 to -1"]);
  assertEquals(exits, [0]);
  sys.kill = () => {
    throw new Error("refused");
  };
  await tasks.shutdown!(never);
  assert(exits.length === 2);
});

Deno.test("a variable that no process can have is left out, the rest is set", async () => {
  const config = structuredClone(CONTROL_PLANE) as Record<string, unknown>;
  config.machine = { ...CONTROL_PLANE.machine, env: { A: "refused", B: "b" } };
  const set = new Map<string, string>();
  const lines: string[] = [];
  const log = createLogger((line) => lines.push(line));
  const store = new ConfigStore({ mode: "container", log });
  store.take(
    store.check(new TextEncoder().encode(encode(config as MachineConfig))),
  );
  const { setUserEnvVars } = configTasks({
    store,
    files: new MemoryFiles(),
    log,
    env: {
      set: (key, value) => {
        if (value === "refused") throw new TypeError("invalid characters");
        set.set(key, value);
      },
      delete: (key) => void set.delete(key),
    },
    fetch: () => Promise.resolve(undefined),
    vet: () => Promise.resolve(),
    startMaintenance: () => {},
  });
  await setUserEnvVars!(new AbortController().signal);
  assertEquals([...set], [["B", "b"]]);
  assertMatch(lines.join("\n"), /error variable A of the machine config/);
});
