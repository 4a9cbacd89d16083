/** Trees as a tar archive with extended headers (pax). */
import type { InodeType } from "#core-wasm/mod.ts";
import type { TreeNode } from "./tree.ts";

const BLOCK = 512;
/** The longest target that needs no extended header. */
export const LINK_MAX = 100;

/** The type flags of ustar; it has no sockets. */
const FLAGS: Partial<Record<InodeType, string>> = {
  file: "0",
  symlink: "2",
  charDevice: "3",
  blockDevice: "4",
  directory: "5",
  fifo: "6",
};

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return text;
}

interface Header {
  readonly name: string;
  readonly flag: string;
  readonly size: number;
  readonly node: TreeNode;
}

function header({ name, flag, size, node }: Header): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => block.set(bytesOf(text), at);
  const octal = (at: number, width: number, value: number) =>
    put(at, value.toString(8).padStart(width - 1, "0"));
  put(0, name.slice(0, 100));
  octal(100, 8, node.mode);
  octal(108, 8, node.uid & 0o777777);
  octal(116, 8, node.gid & 0o777777);
  octal(124, 12, size);
  octal(136, 12, node.mtimeSeconds);
  put(148, " ".repeat(8));
  put(156, flag);
  put(157, (node.linkTo ?? node.target ?? "").slice(0, LINK_MAX));
  put(257, "ustar\x0000");
  octal(329, 8, node.device?.major ?? 0);
  octal(337, 8, node.device?.minor ?? 0);
  octal(148, 7, block.reduce((sum, byte) => sum + byte, 0));
  return block;
}

/** "SIZE KEY=VALUE\n", where the size counts itself. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let size = rest.length;
  while (`${size}`.length + rest.length !== size) {
    size = `${size}`.length + rest.length;
  }
  return `${size}${rest}`;
}

function* padded(bytes: Uint8Array): Iterable<Uint8Array> {
  yield bytes;
  yield new Uint8Array((BLOCK - bytes.length % BLOCK) % BLOCK);
}

function* entry(node: TreeNode): Iterable<Uint8Array> {
  const slash = node.type === "directory" ? "/" : "";
  const name = node.path + slash;
  const records = [
    record("path", name),
    record("uid", `${node.uid}`),
    record("gid", `${node.gid}`),
  ];
  const target = node.linkTo ?? node.target;
  // mksquashfs makes empty links of those that are here.
  if (target && target.length > LINK_MAX) {
    records.push(record("linkpath", target));
  }
  for (const [key, value] of node.xattrs ?? []) {
    records.push(record(`SCHILY.xattr.${key}`, textOf(value)));
  }
  const extended = bytesOf(records.join(""));
  const plain = { ...node, mode: 0o644 };
  yield header({ name: "pax", flag: "x", size: extended.length, node: plain });
  yield* padded(extended);
  const flag = node.linkTo === undefined ? FLAGS[node.type]! : "1";
  const data = flag === "0" ? node.data! : new Uint8Array(0);
  yield header({ name, flag, size: data.length, node });
  yield* padded(data);
}

/** Writes `tree` to `path`. */
export async function writeTar(
  path: string,
  tree: readonly TreeNode[],
): Promise<void> {
  using file = await Deno.create(path);
  const writer = file.writable.getWriter();
  for (const node of tree) {
    for (const bytes of entry(node)) await writer.write(bytes);
  }
  await writer.write(new Uint8Array(2 * BLOCK));
  await writer.close();
}
