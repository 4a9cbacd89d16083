/** containerd's words, as it spoke them to us, and what they mean. */
import { assertEquals } from "@std/assert";
import { type CodeName, rpcError } from "../rpc/status.ts";
import { type PullError, pullError, type PullKind } from "./pull_error.ts";

const CASES: [PullKind, CodeName, string][] = [
  ["notFound", "NotFound", "failed to resolve image: r.test/i:2: not found"],
  [
    "digest",
    "FailedPrecondition",
    'failed commit on ref "layer-sha256:aa": unexpected commit digest ' +
    "sha256:bb, expected sha256:aa: failed precondition",
  ],
  [
    "unreachable",
    "Unknown",
    'failed to do request: Head "http://m:5000/v2/i/manifests/1?ns=r.test": ' +
    "dial tcp 10.5.0.1:5000: connect: connection refused",
  ],
  [
    "unreachable",
    "Unknown",
    'failed to do request: Head "https://r.test/v2/i/manifests/1": dial tcp: ' +
    "lookup r.test on 10.5.0.1:53: no such host",
  ],
  [
    "unauthorized",
    "Unauthenticated",
    "failed to resolve image: pull access denied: 401 Unauthorized",
  ],
  [
    "tls",
    "Unknown",
    'Head "https://m/v2/": tls: failed to verify certificate: x509: ' +
    "certificate signed by unknown authority",
  ],
  [
    "tls",
    "Unknown",
    "http: server gave HTTP response to HTTPS client",
  ],
  [
    "diskFull",
    "Unknown",
    "write /var/lib/containerd/io.containerd.content.v1.content/ingest/x: " +
    "no space left on device",
  ],
  ["containerd", "Unavailable", "connection lost"],
  ["other", "Unknown", "unexpected status 500 Internal Server Error"],
];

Deno.test("each failure of a pull has a kind, and says who was asked", async (t) => {
  for (const [kind, code, detail] of CASES) {
    await t.step(`${kind}: ${detail.slice(0, 40)}`, () => {
      const error = pullError(rpcError(code, detail), {
        image: "r.test/i:1",
        asked: ["m:5000", "r.test"],
      }) as PullError;
      assertEquals(error.problem.kind, kind);
      const start = 'Cannot pull "r.test/i:1" from m:5000, r.test: ';
      assertEquals(error.message.startsWith(start), true);
      assertEquals(error.message.endsWith(`: ${detail}`), true);
    });
  }
});

Deno.test("what is no answer of containerd stays what it is", () => {
  const own = new Error("ours");
  assertEquals(pullError(own, { image: "i", asked: [] }), own);
});
