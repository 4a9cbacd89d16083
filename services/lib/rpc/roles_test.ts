/** The role table against the protos, and the rules around it. */
import { assertEquals, assertThrows } from "@std/assert";
import { ClusterService } from "#proto/cluster_pb.ts";
import { Health } from "#proto/health_pb.ts";
import { ImageService } from "#proto/image_pb.ts";
import { KubernetesService } from "#proto/kubernetes_pb.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { NetworkService } from "#proto/network_pb.ts";
import { StorageService } from "#proto/storage_pb.ts";
import { TimeService } from "#proto/time_pb.ts";
import {
  authorize,
  leastRole,
  listedMethods,
  RoleError,
  rolesOfMetadata,
  rolesOfOrganizations,
} from "./roles.ts";

Deno.test("every RPC of the protos is in the table, and nothing else", () => {
  const all = [
    MachineService,
    ClusterService,
    NetworkService,
    TimeService,
    StorageService,
    ImageService,
    KubernetesService,
    Health,
  ].flatMap((service) =>
    service.methods.map((method) => `/${service.typeName}/${method.name}`)
  );
  assertEquals(listedMethods().sort(), all.sort());
});

Deno.test("what is not in the table is for admins", () => {
  for (
    const path of [
      "/machine.MachineService/NoSuch",
      "/machine.MachineService/constructor",
      "/toString/constructor",
      "/no.Service/Version",
      "nonsense",
      "",
    ]
  ) assertEquals(leastRole(path), "os:admin");
});

Deno.test("who may call what", async (t) => {
  const version = "/machine.MachineService/Version";
  const reboot = "/machine.MachineService/Reboot";
  const read = "/machine.MachineService/Read";
  const cases: [string[], string[], string[]][] = [
    [["os:reader"], [version], [reboot, read]],
    [["os:operator"], [version, reboot], [read]],
    [["os:admin"], [version, reboot, read], []],
    [["os:impersonator"], [], [version, reboot, read]],
    [["os:reader", "os:admin"], [version, reboot, read], []],
    [[], [], [version, reboot, read]],
    [[""], [], [version, reboot, read]],
    [["OS:ADMIN", "admin", "__proto__"], [], [version, reboot, read]],
  ];
  for (const [roles, allowed, denied] of cases) {
    await t.step(JSON.stringify(roles), () => {
      for (const path of allowed) authorize(path, roles);
      for (const path of denied) {
        const error = assertThrows(() => authorize(path, roles), RoleError);
        assertEquals(error.problem.needs, leastRole(path));
      }
    });
  }
});

Deno.test("roles of certificates and of metadata", () => {
  assertEquals(rolesOfOrganizations([""]), ["os:admin"]);
  assertEquals(rolesOfOrganizations([]), []);
  assertEquals(rolesOfOrganizations(["", ""]), []);
  assertEquals(rolesOfOrganizations(["talos"]), []);
  assertEquals(rolesOfOrganizations(["os:reader", "x", "os:operator"]), [
    "os:reader",
    "os:operator",
  ]);
  assertEquals(rolesOfMetadata(["os:reader, os:operator", "x", ""]), [
    "os:reader",
    "os:operator",
    "x",
  ]);
});
