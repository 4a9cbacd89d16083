/** References of images: their tags, and the same image at another one. */
import { assertEquals } from "@std/assert";
import { retagged, tagOf } from "./images.ts";

Deno.test("images: tags, with ports and digests", () => {
  for (
    const [image, tag, other] of [
      ["registry.k8s.io/a:v1", "v1", "registry.k8s.io/a:v2"],
      ["registry.k8s.io/a", "", "registry.k8s.io/a:v2"],
      ["10.5.0.1:5000/a/b", "", "10.5.0.1:5000/a/b:v2"],
      ["10.5.0.1:5000/a/b:v1", "v1", "10.5.0.1:5000/a/b:v2"],
      ["r.io/a:v1@sha256:00", "v1", "r.io/a:v2"],
      ["r.io/a@sha256:00", "", "r.io/a:v2"],
    ] as const
  ) assertEquals([tagOf(image), retagged(image, "v2")], [tag, other], image);
});
