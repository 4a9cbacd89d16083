/**
 * The door to every program (`deno run -A mod.ts talosctl version`), and what
 * others may import: the client of the machine API and the config formats.
 */
export { connect, createClient } from "#lib/rpc/client.ts";
export { MachineService } from "#proto/machine_pb.ts";
export { NetworkService } from "#proto/network_pb.ts";
export { TimeService } from "#proto/time_pb.ts";

/** Programs by name; each is loaded only when it is asked for. */
const PROGRAMS: Readonly<Record<string, () => Promise<unknown>>> = {
  // Daemons run alone, as their READMEs say; each starts when it is loaded.
  apid: () => import("./services/apid/main.ts"),
  networkd: () => import("./services/networkd/main.ts"),
  routerd: () => import("./services/routerd/main.ts"),
  timed: () => import("./services/timed/main.ts"),
  trustd: () => import("./services/trustd/main.ts"),
  machined: async () => (await import("./services/machined/main.ts")).main(),
  talosctl: async () =>
    await (await import("./services/talosctl/main.ts")).main(
      Deno.args.slice(1),
    ),
};

/** Runs the program that the first argument names. */
async function main([name = ""]: readonly string[]): Promise<void> {
  const program = Object.hasOwn(PROGRAMS, name) ? PROGRAMS[name] : undefined;
  if (!program) {
    const names = Object.keys(PROGRAMS).join(", ");
    const text = `error: unknown program "${name}": want one of ${names}\n`;
    await Deno.stderr.write(new TextEncoder().encode(text));
    Deno.exit(2);
  }
  await program();
}

if (import.meta.main) await main(Deno.args);
