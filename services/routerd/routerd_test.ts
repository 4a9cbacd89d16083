/** Calls through routerd, in memory. */
import { assertEquals, assertMatch } from "@std/assert";
import { hex } from "#lib/http2/test_wire.ts";
import { createLogger } from "#lib/log.ts";
import { answer, Backend, connectTo, framed } from "#lib/relay/test_calls.ts";
import { eventually } from "#tests/eventually.ts";
import { Routerd } from "./routerd.ts";
import { BACKENDS } from "./routes.ts";

function fabric() {
  const lines: string[] = [];
  const backends = new Map(
    Object.entries(BACKENDS).map(([name, path], i) => [path, {
      name,
      backend: new Backend((call) => answer(call, [framed(i)])),
    }]),
  );
  const down = new Set<string>();
  const routerd = new Routerd({
    log: createLogger((line) => lines.push(line)),
    dial: (path) => () =>
      down.has(path)
        ? Promise.reject(new Error("ENOENT"))
        : backends.get(path)!.backend.dial(),
  });
  const client = connectTo((transport) => routerd.serve(transport));
  return { client, down, lines };
}

Deno.test("each service goes to its daemon, unchanged", async () => {
  const { client } = fabric();
  const cases: [string, string][] = [
    ["/machine.MachineService/Version", "00"],
    ["/talos.Own/Thing", "00"],
    ["/time.TimeService/Time", "01"],
    ["/network.NetworkService/Routes", "02"],
  ];
  for (const [path, octet] of cases) {
    const outcome = client.call(path, { metadata: [["talos-role", "x"]] });
    await eventually(() => outcome.over);
    assertEquals(hex(outcome.body), `00 00 00 00 01 ${octet}`);
    assertEquals(outcome.trailers, [["grpc-status", "0"]]);
  }
});

Deno.test("an unknown service is Unknown, by name", async () => {
  const { client, lines } = fabric();
  const outcome = client.call("/no.Such/Method");
  await eventually(() => outcome.over);
  const status = Object.fromEntries(outcome.head);
  assertEquals(status["grpc-status"], "2");
  assertEquals(status["grpc-message"], "service no.Such is not defined");
  assertMatch(lines[0]!, /Unknown \[\/no.Such\/Method\]/);
});

Deno.test("a daemon that is down is Unavailable until it is up", async () => {
  const { client, down } = fabric();
  const call = async () => {
    const outcome = client.call("/time.TimeService/Time");
    await eventually(() => outcome.over);
    return outcome;
  };
  down.add(BACKENDS.timed);
  const refused = Object.fromEntries((await call()).head);
  assertEquals(refused["grpc-status"], "14");
  assertMatch(refused["grpc-message"]!, /^Cannot connect to ".*timed.sock"/);
  down.clear();
  assertEquals((await call()).trailers, [["grpc-status", "0"]]);
});
