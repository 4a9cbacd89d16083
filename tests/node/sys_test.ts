/**
 * What services/lib/sys does to a real kernel, in namespaces of its own that
 * end with their process: mounts, names, device nodes.
 */
import { assertEquals } from "@std/assert";

const CHILD = `
import * as k from "#lib/sys/constants.ts";
import { Mount } from "#lib/sys/mount.ts";
import { realSys as sys } from "#lib/sys/real.ts";

const dir = Deno.args[0];
const out = {};
const tried = (work) => {
  try { work(); return "done"; } catch (thrown) { return thrown.message; }
};
new Mount({
  source: "tmpfs", target: dir, fstype: "tmpfs",
  flags: k.MS_NOSUID, data: "size=1m,mode=0700",
}).apply(sys);
out.magic = sys.statfs(dir).type === k.TMPFS_MAGIC;
out.size = sys.statfs(dir).sizeBytes;
Deno.mkdirSync(dir + "/a");
Deno.mkdirSync(dir + "/b");
Deno.writeTextFileSync(dir + "/a/file", "x");
const bind = new Mount({
  source: dir + "/a", target: dir + "/b", flags: k.MS_BIND | k.MS_RDONLY,
});
bind.apply(sys);
out.seen = Deno.readTextFileSync(dir + "/b/file");
out.written = tried(() => Deno.writeTextFileSync(dir + "/b/file", "y"));
out.busy = tried(() => sys.umount(dir));
bind.undo(sys);
sys.mknod(dir + "/null", k.S_IFCHR | 0o600, { major: 1, minor: 3 });
const { rdev, isCharDevice } = Deno.statSync(dir + "/null");
out.device = [rdev, isCharDevice];
sys.setHostname("cp-1");
sys.setDomainname("example.org");
out.names = [Deno.hostname(), Deno.readTextFileSync("/proc/sys/kernel/domainname").trim()];
await sys.syncfs(dir);
sys.umount(dir);
out.missing = tried(() => sys.mount({ source: "/dev/nope", target: dir, fstype: "xfs" }));
sys.unshare(k.CLONE_NEWNET);
out.links = Deno.networkInterfaces().filter((l) => l.name !== "lo").length;
const parent = "/proc/" + Deno.ppid + "/ns/net";
sys.setns(parent, k.CLONE_NEWNET);
out.back = Deno.readLinkSync("/proc/thread-self/ns/net") ===
  Deno.readLinkSync(parent);
sys.chroot("/proc");
out.root = [...Deno.readDirSync("/")].some((entry) => entry.name === "self");
console.log(JSON.stringify(out));
`;

Deno.test("sys: mounts, names and nodes of a real kernel", async () => {
  const root = new URL("../../", import.meta.url).pathname;
  const dir = await Deno.makeTempDir();
  const file = `${dir}.ts`;
  await Deno.writeTextFile(file, CHILD);
  try {
    const { stdout } = await new Deno.Command("unshare", {
      args: [
        "--mount",
        "--uts",
        "--propagation=private",
        Deno.execPath(),
        "run",
        "-A",
        "--no-check",
        `--config=${root}deno.json`,
        file,
        dir,
      ],
      env: { NO_COLOR: "1" },
      signal: AbortSignal.timeout(30_000),
      stderr: "inherit",
    }).output();
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)), {
      magic: true,
      size: 1 << 20,
      seen: "x",
      written: `Read-only file system (os error 30): writefile '${dir}/b/file'`,
      busy: `Cannot unmount "${dir}": EBUSY`,
      device: [0x103, true],
      names: ["cp-1", "example.org"],
      missing: `Cannot mount "/dev/nope" on "${dir}": ENOENT`,
      links: 0,
      back: true,
      root: true,
    });
    // Nothing of it was in our own namespaces.
    assertEquals(await Array.fromAsync(Deno.readDir(dir)), []);
  } finally {
    await Deno.remove(file);
    await Deno.remove(dir);
  }
});
