/** The map of services (api.md A2, design.md section 8). */
import { assertEquals } from "@std/assert";
import { backendOf } from "./routes.ts";

Deno.test("backendOf knows the seed's services and our package", () => {
  const cases: [string, string | undefined][] = [
    ["os.OSService", "machined"],
    ["machine.MachineService", "machined"],
    ["cluster.ClusterService", "machined"],
    ["time.TimeService", "timed"],
    ["network.NetworkService", "networkd"],
    ["storage.StorageService", "machined"],
    ["talos.Anything", "machined"],
    ["talos.deeper.Anything", "machined"],
    ["talos", undefined],
    ["talosx.Service", undefined],
    [".talos", undefined],
    ["health.Health", undefined],
    ["securityapi.SecurityService", undefined],
    ["constructor", undefined],
    ["__proto__.x", undefined],
    ["", undefined],
  ];
  for (const [service, backend] of cases) {
    assertEquals(backendOf(service), backend, service);
  }
});
