/** The tools that make images, with options by dice. */
import { run } from "#lib/command.ts";
import { type Dice, makeTree, pick, type TreeNode } from "./tree.ts";
import { LINK_MAX, writeTar } from "./tar.ts";

const MAKERS = [
  "mksquashfs",
  "mksquashfs",
  "mksquashfs -tar",
  "tar2sqfs",
  "gensquashfs",
] as const;

/** One image to be made. */
export interface Case {
  readonly maker: (typeof MAKERS)[number];
  readonly options: readonly string[];
  readonly blockSize: number;
  readonly tree: readonly TreeNode[];
  /** No extended attributes are stored. */
  readonly bare: boolean;
}

const SQUASHFS_TOOLS: readonly (readonly string[])[] = [
  ["gzip"],
  ["xz"],
  ["lz4"],
  ["zstd"],
  ["lzo"],
  ["xz", "-Xbcj", "x86"],
  ["lz4", "-Xhc"],
  ["gzip", "-Xcompression-level", "1", "-Xwindow-size", "9"],
  ["zstd", "-Xcompression-level", "1"],
  ["gzip", "-Xstrategy", "fixed,huffman_only,run_length_encoded"],
  ["lzo", "-Xalgorithm", "lzo1x_1_15"],
  ["xz", "-Xbcj", "x86", "-Xdict-size", "8K"],
];

// What 1.2.0 writes with LZ4, neither it nor unsquashfs reads.
const SQUASHFS_TOOLS_NG: readonly (readonly string[])[] = [
  ["gzip"],
  ["xz"],
  ["zstd"],
  ["lzo"],
  ["xz", "-X", "x86"],
];

const BLOCK_SIZES = [4096, 8192, 16_384, 65_536, 131_072, 262_144, 1 << 20];

const FLAGS = [
  "-no-fragments",
  "-always-use-fragments",
  "-no-duplicates",
  "-no-exports",
  "-no-sparse",
  "-noI",
  "-noId",
  "-noD",
  "-noF",
  "-noX",
  "-nopad",
];
const FLAGS_NG = ["--exportable", "--no-tail-packing"];

function some(roll: Dice, flags: readonly string[]): string[] {
  const plain = roll(8) === 0 ? ["-noI", "-noD", "-noF", "-noX"] : [];
  const chosen = flags.filter((flag) => roll(4) === 0 || plain.includes(flag));
  return chosen.includes("-no-fragments")
    ? chosen.filter((flag) => flag !== "-always-use-fragments")
    : chosen;
}

/** Without the links that mksquashfs cannot read from an archive. */
function withShortLinks(tree: readonly TreeNode[]): TreeNode[] {
  const short = ({ linkTo, target }: TreeNode) =>
    (linkTo ?? target ?? "").length <= LINK_MAX;
  const left = new Set(tree.filter(short).map(({ path }) => path));
  return tree.filter((node) =>
    short(node) && left.has(node.linkTo ?? node.path)
  );
}

/** Case `n`: every compressor in turn, the rest by dice. */
export function caseOf(n: number, roll: Dice): Case {
  const plenty = n % 18 === 5 ? "entries" : n % 6 === 1 ? "xattrs" : "none";
  const maker = pick(roll, MAKERS);
  const blockSize = pick(roll, BLOCK_SIZES);
  // A file system holds less than an archive.
  const held = maker === "mksquashfs" || maker === "gensquashfs";
  const xattrBytesMax = held ? 2_500 : 60_000;
  const grown = makeTree(roll, {
    ...{ blockSize, plenty, xattrBytesMax },
    // gensquashfs loses them.
    emptyXattrs: !held,
  });
  const tree = maker === "mksquashfs -tar" ? withShortLinks(grown) : grown;
  const bare = roll(6) === 0;
  const ng = maker === "tar2sqfs" || maker === "gensquashfs";
  const compressors = ng ? SQUASHFS_TOOLS_NG : SQUASHFS_TOOLS;
  const compressor = compressors[n % compressors.length]!;
  // No dictionary is larger than a block.
  const fits = compressor.includes("-Xdict-size") && blockSize === 4096
    ? ["xz"]
    : compressor;
  // With it, mksquashfs 4.5.1 dies of some archives.
  const flags = FLAGS.filter((flag) =>
    maker !== "mksquashfs -tar" || flag !== "-no-sparse"
  );
  const options = ng
    ? ["-c", ...fits, "-b", `${blockSize}`, ...some(roll, FLAGS_NG)]
    : ["-comp", ...fits, "-b", `${blockSize}`, ...some(roll, flags)];
  if (maker === "gensquashfs") options.push("--keep-time");
  if (bare) options.push(...BARE[maker]);
  else if (maker === "gensquashfs") options.push("--keep-xattr");
  return { maker, options, blockSize, tree, bare };
}

const BARE = {
  mksquashfs: ["-no-xattrs"],
  "mksquashfs -tar": ["-no-xattrs"],
  tar2sqfs: ["--no-xattr"],
  gensquashfs: [],
};

/** Puts a tree on disk; a listener leaves a socket in it. */
async function unpack(tar: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  await run(
    ["tar", "-xpf", tar, "-C", to, "--xattrs", "--xattrs-include=*"],
  );
  Deno.listen({ transport: "unix", path: `${to}/socket` }).close();
}

/** Makes the image of a case in `dir`; returns its path. */
export async function makeImage(dir: string, one: Case): Promise<string> {
  const { maker, options, tree } = one;
  const image = `${dir}/image`;
  const tar = `${dir}/tar`;
  await writeTar(tar, tree);
  const shell = (line: string) => run(["sh", "-c", line, "sh", ...options]);
  if (maker === "mksquashfs -tar") {
    await shell(`mksquashfs - ${image} -tar "$@" -quiet -no-progress < ${tar}`);
  } else if (maker === "tar2sqfs") {
    await shell(`tar2sqfs -q "$@" ${image} < ${tar}`);
  } else {
    const source = `${dir}/source`;
    await unpack(tar, source);
    await run(
      maker === "mksquashfs"
        ? [maker, source, image, ...options, "-quiet", "-no-progress"]
        : [maker, "-q", "-D", source, ...options, image],
    );
  }
  return image;
}
