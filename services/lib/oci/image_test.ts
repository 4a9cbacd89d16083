/** Images: what is read of them, and what is refused. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  chainId,
  configOf,
  decodeImageConfig,
  IMAGE_JSON_BYTES_MAX,
  ImageError,
  isDigest,
  isIndex,
  manifestFor,
} from "./image.ts";

const bytes = (value: unknown) =>
  new TextEncoder().encode(
    typeof value === "string" ? value : JSON.stringify(value),
  );
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const LINUX = { os: "linux", architecture: "amd64" };
const entry = (digit: string, platform?: unknown) => ({
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: digest(digit),
  size: 7,
  ...platform !== undefined && { platform },
});

Deno.test("an index leads to the manifest of the platform", () => {
  const index = bytes({
    manifests: [
      entry("1", { os: "linux", architecture: "arm64" }),
      entry("2"),
      entry("3", LINUX),
    ],
  });
  assertEquals(manifestFor(index, LINUX).digest, digest("3"));
  const thrown = assertThrows(
    () => manifestFor(bytes({ manifests: [entry("1")] }), LINUX),
    ImageError,
    "Cannot use the image: it is not for linux/amd64",
  );
  assertEquals(thrown.problem.kind, "platform");
});

Deno.test("isIndex() knows both kinds of list", () => {
  const kinds = [
    "vnd.oci.image.index.v1+json",
    "vnd.oci.image.manifest.v1+json",
  ];
  assertEquals(
    kinds.map((kind) => isIndex({ mediaType: `application/${kind}` })),
    [true, false],
  );
});

Deno.test("a configuration says how to run, and of which layers", () => {
  const diff_ids = [digest("a"), digest("b")];
  assertEquals(
    decodeImageConfig(bytes({
      config: { Entrypoint: ["/pause"], Env: ["A=b"], Cmd: null },
      rootfs: { type: "layers", diff_ids },
    })),
    {
      entrypoint: ["/pause"],
      cmd: [],
      env: ["A=b"],
      workingDir: "",
      diffIds: diff_ids,
    },
  );
});

Deno.test("chainId() folds the layers, as the specification has it", () => {
  assertEquals(chainId([]), "");
  assertEquals(chainId([digest("a")]), digest("a"));
  // echo -n "sha256:aa... sha256:bb..." | sha256sum
  assertEquals(
    chainId([digest("a"), digest("b")]),
    "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c",
  );
});

Deno.test("what is no image is refused", async (t) => {
  const cases: [string, () => unknown][] = [
    ["no JSON", () => configOf(bytes("{"))],
    ["no UTF-8", () => configOf(new Uint8Array([0xff]))],
    ["a list", () => configOf(bytes([]))],
    ["no configuration", () => configOf(bytes({}))],
    [
      "a path for a digest",
      () => configOf(bytes({ config: { ...entry("1"), digest: "../x" } })),
    ],
    [
      "a size that is none",
      () => configOf(bytes({ config: { ...entry("1"), size: 1e300 } })),
    ],
    ["no layers", () => decodeImageConfig(bytes({ config: {} }))],
    [
      "numbers to run",
      () =>
        decodeImageConfig(
          bytes({ config: { Cmd: [1] }, rootfs: { diff_ids: [] } }),
        ),
    ],
    [
      "too many layers",
      () =>
        decodeImageConfig(
          bytes({ rootfs: { diff_ids: Array(513).fill(digest("a")) } }),
        ),
    ],
    ["too long", () => configOf(new Uint8Array(IMAGE_JSON_BYTES_MAX + 1))],
  ];
  for (const [name, read] of cases) {
    await t.step(name, () => void assertThrows(read, ImageError));
  }
});

Deno.test("isDigest() takes sha256 and nothing that could be a path", () => {
  assertEquals(isDigest(digest("0")), true);
  for (const text of ["", "sha256:", digest("g"), `${digest("0")}\n`, 5]) {
    assertEquals(isDigest(text), false);
  }
});
