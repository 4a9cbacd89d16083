/** From flanneld's share of the network to the configuration of the plugins. */
import { assertEquals } from "@std/assert";
import { cniConfig, readSubnet } from "./flannel_cni.ts";

const WHOLE = `FLANNEL_NETWORK=10.244.0.0/16
FLANNEL_SUBNET=10.244.11.1/24
FLANNEL_MTU=1450
FLANNEL_IPMASQ=true
`;

Deno.test("flannel: what it says becomes the configuration", () => {
  const subnet = readSubnet(WHOLE)!;
  assertEquals(subnet, {
    subnets: ["10.244.11.1/24"],
    networks: ["10.244.0.0/16"],
    mtu: 1450,
  });
  const { plugins } = JSON.parse(cniConfig(subnet));
  assertEquals(plugins[0].mtu, 1450);
  assertEquals(plugins[0].ipam.ranges, [[{ subnet: "10.244.11.0/24" }]]);
  assertEquals(plugins[0].ipam.routes, [{ dst: "10.244.0.0/16" }]);
});

Deno.test("flannel: half of it is nothing", () => {
  for (
    const text of [
      "",
      "FLANNEL_SUBNET=10.244.11.1/24\n",
      WHOLE.replace("1450", "1e3x"),
      WHOLE.replace("1450", "20"),
      WHOLE.replace("10.244.11.1/24", "10.244.11.1"),
    ]
  ) {
    assertEquals(readSubnet(text), undefined, text);
  }
});
