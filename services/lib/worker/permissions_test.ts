/** Tests of permissions as options, flags and unions. */
import { assertEquals } from "@std/assert";
import {
  permissionFlags,
  unionPermissions,
  workerPermissions,
} from "./permissions.ts";

Deno.test("workerPermissions() refuses every kind that is absent", () => {
  assertEquals(
    workerPermissions({ read: ["/a"], ffi: true, env: [] }) as unknown,
    {
      import: false,
      read: ["/a"],
      write: false,
      net: false,
      env: false,
      run: false,
      ffi: true,
      sys: false,
    },
  );
});

Deno.test("unionPermissions() joins lists and lets true win", () => {
  assertEquals<unknown>(
    unionPermissions([
      { read: ["/b", "/a"], net: ["127.0.0.1:1"] },
      { read: ["/a", "/c"], net: true },
      {},
    ]),
    { read: ["/a", "/b", "/c"], net: true },
  );
});

Deno.test("permissionFlags() writes one flag a kind", () => {
  assertEquals(
    permissionFlags({
      read: ["/a", "/b,c"],
      net: ["0.0.0.0:1", "unix:/s"],
      ffi: true,
      run: [],
    }),
    ["--allow-read=/a,/b,,c", "--allow-net=0.0.0.0:1,unix:/s", "--allow-ffi"],
  );
});

Deno.test("unionPermissions() of a range of addresses is the whole network", () => {
  for (const range of ["0.0.0.0/0:123", "10.0.0.0/8", "[fe80::]/10:546"]) {
    assertEquals(unionPermissions([{ net: ["a:1"] }, { net: [range] }]), {
      net: true,
    });
  }
  assertEquals(unionPermissions([{ net: ["unix:/run/a", "0.0.0.0:0"] }]), {
    net: ["0.0.0.0:0", "unix:/run/a"],
  });
});
