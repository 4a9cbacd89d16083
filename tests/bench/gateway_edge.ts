/**
 * The service host `edge` of the bench: apid and routerd as workers of one
 * process, as on a node. Takes the two start commands as JSON, prints `ready`
 * when both are.
 */
import { HostWorkers } from "#lib/worker/host_workers.ts";
import type { Command } from "#lib/worker/protocol.ts";

const commands = JSON.parse(Deno.args[0]!) as Command[];
const encoder = new TextEncoder();
let waiting = commands.length;
let lines = 0;

const workers = new HostWorkers((report) => {
  // On a node this is one JSON line to PID 1.
  const line = JSON.stringify(report);
  if (report.type === "ready" && --waiting === 0) {
    Deno.stdout.writeSync(encoder.encode("ready\n"));
  }
  if (report.type === "log") lines += line.length;
  if (report.type === "exited") {
    Deno.stderr.writeSync(encoder.encode(`${line}\n`));
    Deno.exit(1);
  }
  return Promise.resolve();
});
for (const command of commands) workers.obey(command);
