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
