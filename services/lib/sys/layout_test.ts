/** Bytes of the structs that we build, against literals from the headers. */
import { assertEquals } from "@std/assert";
import { decodeStatfs, deviceNumber } from "./filesystem.ts";
import { encodeTimex } from "./time.ts";

const hex = (bytes: Uint8Array) => bytes.toHex();

Deno.test("layout: makedev", () => {
  // From glibc: makedev(1, 3), makedev(7, 0), makedev(259, 300), large ones.
  assertEquals(deviceNumber({ major: 1, minor: 3 }), 0x103n);
  assertEquals(deviceNumber({ major: 7, minor: 0 }), 0x700n);
  assertEquals(deviceNumber({ major: 259, minor: 300 }), 0x11032cn);
  assertEquals(
    deviceNumber({ major: 0x12345, minor: 0x6789a }),
    0x120006783459an,
  );
});

Deno.test("layout: struct timex", () => {
  const asked = encodeTimex({});
  assertEquals(asked.length, 208);
  assertEquals(asked.every((byte) => byte === 0), true);
  const slew = encodeTimex({
    offsetNs: -1_000_000,
    timeConstant: 6,
    status: 1,
    maxErrorUs: 2,
    estimatedErrorUs: 3,
  });
  assertEquals(
    hex(slew.subarray(0, 64)),
    // ADJ_OFFSET|MAXERROR|ESTERROR|STATUS|TIMECONST|NANO
    "3d20000000000000" + "c0bdf0ffffffffff" + "0000000000000000" +
      "0200000000000000" + "0300000000000000" + "0100000000000000" +
      "0600000000000000" + "0000000000000000",
  );
});

Deno.test("layout: struct statfs", () => {
  const bytes = new Uint8Array(120);
  const words = new BigUint64Array(bytes.buffer);
  words.set([0x73717368n, 131072n, 10n, 4n, 3n, 100n, 50n], 0);
  words[9] = 1024n;
  assertEquals(decodeStatfs(bytes), {
    type: 0x73717368,
    blockSizeBytes: 131072,
    sizeBytes: 10240,
    freeBytes: 4096,
    availableBytes: 3072,
    inodes: 100,
    freeInodes: 50,
  });
});
