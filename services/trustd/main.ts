/** trustd, joined to the world. */
import { systemClock } from "#lib/clock.ts";
import { issueNodeIdentity, nodeSubject } from "#lib/pki/identity.ts";
import { keepRenewed } from "#lib/pki/renewal.ts";
import { ListenError } from "#lib/rpc/listen.ts";
import { bind, serve, type Server } from "#lib/rpc/server.ts";
import { runDaemon } from "#lib/worker/daemon.ts";
import { SecurityService } from "#proto/security_pb.ts";
import { authorizeByToken, securityHandlers } from "./api.ts";
import { settingsOf } from "./config.ts";
import { manifest } from "./manifest.ts";
import { Trustd } from "./trustd.ts";

runDaemon(manifest, async (context) => {
  const { config, log, signal } = context;
  const clock = systemClock;
  const settings = settingsOf(config);
  const trustd = new Trustd({ clock, log });
  await trustd.configure(settings);

  // machined issues the certificate; by hand trustd does, as it has the CA.
  const issue = () =>
    issueNodeIdentity(settings.ca!, {
      ...nodeSubject(config.node, settings.reserved),
      usages: ["server"],
      roles: [],
    });
  const first = config.identity ?? await issue();
  const serveOn = (host: string) =>
    serve({
      listen: { host, port: manifest.port, tls: first },
      services: [bind(SecurityService, securityHandlers(trustd))],
      authorize: authorizeByToken(trustd),
      log,
      signal,
      maxMessageBytes: 128 << 10,
      maxStreams: 16,
      limits: { connections: 256, perAddress: 16 },
      idleMs: 30_000,
      ageMs: 300_000,
    });
  // Both families, unless the kernel has but one.
  const server: Server = await serveOn("::").catch((thrown) => {
    if (thrown instanceof ListenError) return serveOn("0.0.0.0");
    throw thrown;
  });
  context.onConfig((next) => {
    if (next.identity) server.setTls(next.identity);
    trustd.configure(settingsOf(next)).catch((thrown) =>
      log.error("Cannot take the new config", thrown)
    );
  });
  if (!config.identity) {
    const onIdentity = server.setTls;
    void keepRenewed({ issue, onIdentity, clock, log, signal });
  }
  context.ready();
  context.health(true, "");
  await server.stopped;
});
