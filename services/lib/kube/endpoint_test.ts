/** API servers as users name them. */
import { assertEquals, assertThrows } from "@std/assert";
import { apiServerUrl, EndpointError } from "./endpoint.ts";

Deno.test("API servers as users name them", async (t) => {
  const good = [
    ["10.5.0.2", "https://10.5.0.2:6443"],
    ["fd00::2", "https://[fd00::2]:6443"],
    ["[fd00::2]:7443", "https://[fd00::2]:7443"],
    ["api.example.org", "https://api.example.org:6443"],
    ["api.example.org:7443", "https://api.example.org:7443"],
    ["api.example.org:443", "https://api.example.org"],
    ["https://api.example.org", "https://api.example.org"],
    ["https://10.5.0.2:6443/", "https://10.5.0.2:6443"],
  ] as const;
  for (const [text, url] of good) {
    await t.step(text, () => assertEquals(apiServerUrl(text), url));
  }
  const bad = ["", "http://10.5.0.2", "a b", "user@host", "host/path", "x?y"];
  for (const text of bad) {
    await t.step(`not "${text}"`, () => {
      assertThrows(() => apiServerUrl(text), EndpointError);
    });
  }
});
