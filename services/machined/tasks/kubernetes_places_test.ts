/** Overlays and control groups on a pretend kernel. */
import { assertEquals } from "@std/assert";
import { createLogger } from "#lib/log.ts";
import { FakeSys } from "#lib/sys/fake.ts";
import { MemoryFiles } from "../files.ts";
import { cgroupTasks } from "./cgroups.ts";
import { overlayOn, OVERLAYS, overlayTasks } from "./overlays.ts";

const never = new AbortController().signal;
const ROOT = "/sys/fs/cgroup";

Deno.test("overlays are the image below and /var above, mounted once", async () => {
  const files = new MemoryFiles({
    "/proc/self/mountinfo": "36 35 98:0 / /opt rw - overlay overlay rw\n",
  });
  const sys = new FakeSys();
  await overlayTasks({ sys, files }).mountOverlayFilesystems!(never);
  assertEquals(
    sys.mounts.map(({ target }) => target),
    OVERLAYS.filter((path) => path !== "/opt"),
  );
  assertEquals(
    files.directories.get("/var/system/overlays/etc-cni-diff"),
    0o755,
  );
  assertEquals(
    overlayOn("/usr/libexec/kubernetes").describe(),
    "overlay on /usr/libexec/kubernetes (nosuid,nodev) " +
      "lowerdir=/usr/libexec/kubernetes," +
      "upperdir=/var/system/overlays/usr-libexec-kubernetes-diff," +
      "workdir=/var/system/overlays/usr-libexec-kubernetes-workdir",
  );
});

Deno.test("on version 2 processes move away and controllers are handed on", async () => {
  const files = new MemoryFiles({
    [`${ROOT}/cgroup.controllers`]: "cpu memory\n",
    [`${ROOT}/cgroup.procs`]: "0\n1\n7\n",
  });
  const wrote: string[] = [];
  files.write = (path, bytes) => {
    const line = new TextDecoder().decode(bytes);
    wrote.push(`${path.slice(ROOT.length)} ${line}`);
    return line === "7"
      ? Promise.reject(new Error("ESRCH"))
      : Promise.resolve();
  };
  const lines: string[] = [];
  const log = createLogger((line) => lines.push(line.replace(/^\S+ /, "")));
  await cgroupTasks({ files, log }).delegateCgroups!(never);
  assertEquals(wrote, [
    "/init/cgroup.procs 1",
    "/init/cgroup.procs 7",
    "/cgroup.subtree_control +cpu",
    "/cgroup.subtree_control +memory",
  ]);
  assertEquals(lines, ["warn process 7 stays where it is: ESRCH"]);
});

Deno.test("on version 1 nothing moves", async () => {
  const files = new MemoryFiles();
  await cgroupTasks({ files, log: createLogger(() => {}) })
    .delegateCgroups!(never);
  assertEquals(files.directories.size, 0);
});
