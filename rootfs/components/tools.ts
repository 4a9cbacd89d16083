/**
 * What building and running need of the host. On Debian as root the missing
 * packages are installed, and a line says so; elsewhere they are named.
 */
import { AgentError } from "#lib/errors.ts";
import { exists } from "../exists.ts";
import { run } from "#lib/command.ts";
import { say } from "./progress.ts";

/** The host lacks something. */
class ToolsError extends AgentError<
  { kind: "missing"; packages: string[] }
> {}

/** One thing that the host must have. */
export interface Tool {
  /** A program on PATH, or a file. */
  readonly needs: string;
  /** The Debian package that brings it. */
  readonly debian: string;
  readonly why: string;
}

/** For building the parts and the image. */
export const BUILD_TOOLS: readonly Tool[] = [
  { needs: "mksquashfs", debian: "squashfs-tools", why: "writes the image" },
  { needs: "tar", debian: "tar", why: "unpacks packages" },
  { needs: "xz", debian: "xz-utils", why: "unpacks .deb packages" },
  { needs: "unzip", debian: "unzip", why: "unpacks the Go toolchain" },
  { needs: "gcc", debian: "gcc", why: "links runc" },
  {
    needs: "/usr/include/seccomp.h",
    debian: "libseccomp-dev",
    why: "runc's system call filter",
  },
  {
    needs: "/usr/include/stdlib.h",
    debian: "libc6-dev",
    why: "runc's C part",
  },
];

/** For `deno task proto`. */
export const PROTO_TOOLS: readonly Tool[] = [
  { needs: "protoc", debian: "protobuf-compiler", why: "parses .proto files" },
  {
    needs: "/usr/include/google/protobuf/any.proto",
    debian: "libprotobuf-dev",
    why: "the well-known types",
  },
];

/** For running a local cluster of containers. */
export const CLUSTER_TOOLS: readonly Tool[] = [
  { needs: "ip", debian: "iproute2", why: "bridge and links" },
  { needs: "mount", debian: "mount", why: "the loop mount of the image" },
  { needs: "nsenter", debian: "util-linux", why: "addresses of the nodes" },
];

/** For the tests that compare with what Debian's tools write and read. */
export const TEST_TOOLS: readonly Tool[] = [
  {
    needs: "veritysetup",
    debian: "cryptsetup-bin",
    why: "writes and verifies hash trees",
  },
  {
    needs: "unsquashfs",
    debian: "squashfs-tools",
    why: "writes and reads images",
  },
  { needs: "lzop", debian: "lzop", why: "compresses with LZO" },
  { needs: "skopeo", debian: "skopeo", why: "reads images and registries" },
  { needs: "zstd", debian: "zstd", why: "compresses with Zstandard" },
  { needs: "xz", debian: "xz-utils", why: "compresses with LZMA2" },
  {
    needs: "tar2sqfs",
    debian: "squashfs-tools-ng",
    why: "writes and reads images",
  },
];

const SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

async function has(tool: Tool): Promise<boolean> {
  if (tool.needs.startsWith("/")) return await exists(tool.needs);
  for (const dir of `${Deno.env.get("PATH") ?? ""}:${SEARCHED}`.split(":")) {
    if (dir !== "" && await exists(`${dir}/${tool.needs}`)) return true;
  }
  return false;
}

/** Makes sure that all of `tools` are there. */
export async function ensureTools(tools: readonly Tool[]): Promise<void> {
  const missing: Tool[] = [];
  for (const tool of tools) if (!await has(tool)) missing.push(tool);
  if (missing.length === 0) return;
  const packages = missing.map((tool) => tool.debian);
  const list = missing.map((t) => `${t.debian} (${t.why})`).join(", ");
  if (Deno.uid() !== 0 || !await exists("/usr/bin/apt-get")) {
    throw new ToolsError(
      { kind: "missing", packages },
      `This machine lacks ${list}; on Debian: apt-get install ${
        packages.join(" ")
      }`,
    );
  }
  say(`installing  ${list}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run(["apt-get", "update", "-qq"], { env });
  await run(
    ["apt-get", "install", "-y", "-qq", "--no-install-recommends", ...packages],
    { env },
  );
}
