/**
 * Who is refused by a running node, and that talosctl names the cause: no
 * certificate, another CA's, an expired one, a node's own; a CSR that asks for
 * rights, a wrong token, a path that nobody may write.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  chooseContext,
  decode,
  encodeTalosconfig,
  loadTalosconfig,
} from "#lib/config/mod.ts";
import { messageOf } from "#lib/errors.ts";
import { PORTS } from "#lib/paths.ts";
import { Ca, DAY_MS, generateCa, issueAdmin } from "#lib/pki/ca.ts";
import { toBase64 } from "#lib/pki/pem.ts";
import { readCertificate } from "#lib/pki/certificate.ts";
import { createCsr } from "#lib/pki/csr.ts";
import { exportKey, generateKey } from "#lib/pki/keys.ts";
import { MachineService } from "#proto/machine_pb.ts";
import { SecurityService } from "#proto/security_pb.ts";
import type { ClientTls } from "#lib/rpc/client.ts";
import { withApi } from "#tests/api_client.ts";
import { TestCluster } from "#tests/cluster.ts";
import { identityOf } from "#tests/identity.ts";

/** Exit codes of talosctl. */
const CERTIFICATE = 5;
const FAILURE = 1;

/** The answer of one call, or why there was none. */
async function versionAs(host: string, tls: ClientTls): Promise<string> {
  return await withApi(
    MachineService,
    { host, tls },
    (client) => client.version({}, { timeoutMs: 5_000 }),
  ).then(() => "answered", messageOf);
}

Deno.test("identities", async (t) => {
  await using cluster = await TestCluster.create({
    name: "t-identity",
    cidr: "10.5.105.0/24",
    workers: 0,
  });
  const host = cluster.nodes[0]!;
  const init = await cluster.initPid(0);
  const admin = await loadTalosconfig(cluster.talosconfig);
  const tls = identityOf(admin);
  const root = `/proc/${init}/root`;
  const { config } = decode(
    await Deno.readFile(`${root}/system/state/config.yaml`),
  );
  const pair = config.machine!.ca!;
  const pem = (text: string) => text.includes("-----") ? text : atob(text);
  const ca = await Ca.load({ crt: pem(pair.crt!), key: pem(pair.key!) });

  /** Runs talosctl with another client certificate in the same talosconfig. */
  async function talosctlAs(pair: { crt: string; key: string }) {
    const context = chooseContext(admin)!;
    const own = {
      ...context,
      crt: pair.crt === "" ? "" : toBase64(pair.crt),
      key: pair.key === "" ? "" : toBase64(pair.key),
    };
    const path = await Deno.makeTempFile();
    const contexts = { ...admin.contexts, [admin.context]: own };
    await Deno.writeTextFile(path, encodeTalosconfig({ ...admin, contexts }));
    const output = await cluster.talosctl(["-n", host, "version"], {
      talosconfig: path,
    });
    await Deno.remove(path);
    return output;
  }

  /** The node refuses, and talosctl says why with the code for certificates. */
  async function checkRefused(
    pair: { crt: string; key: string },
    cause: string,
    code = CERTIFICATE,
  ) {
    const own = pair.crt === "" ? {} : { crt: pair.crt, key: pair.key };
    assert(await versionAs(host, { ca: tls.ca!, ...own }) !== "answered");
    const output = await talosctlAs(pair);
    assertEquals([output.code, output.stdout.includes(host)], [code, false]);
    assertStringIncludes(output.stderr, cause);
    assertEquals(output.stderr.includes("    at "), false, output.stderr);
  }

  await t.step("the administrator is answered", async () => {
    assertEquals(await versionAs(host, tls), "answered");
  });

  await t.step("no certificate", async () => {
    await checkRefused({ crt: "", key: "" }, "certificate");
  });

  await t.step("a certificate of another CA", async () => {
    const other = await Ca.load(await generateCa({ kind: "machine" }));
    await checkRefused(await issueAdmin(other), "CA");
  });

  await t.step("an expired certificate", async () => {
    const then = Date.now() - 2 * DAY_MS;
    const clock = { now: () => then };
    const expired = await issueAdmin(ca, { validityMs: DAY_MS, clock });
    await checkRefused(expired, "expired");
  });

  await t.step("a node's own certificate", async () => {
    const node = await ca.issuePair({
      organizations: ["os:impersonator"],
      addresses: [host],
      usages: ["server", "client"],
    });
    await checkRefused(node, "os:", CERTIFICATE);
  });

  await t.step("a leaf for servers only", async () => {
    const server = await ca.issuePair({
      addresses: [host],
      usages: ["server"],
    });
    await checkRefused(server, "server");
  });

  await t.step("a role below the one that is needed", async () => {
    const reader = await issueAdmin(ca, { roles: ["os:reader"] });
    assertEquals(await versionAs(host, { ca: tls.ca!, ...reader }), "answered");
    const denied = await withApi(
      MachineService,
      { host, tls: { ca: tls.ca!, ...reader } },
      (client) => client.shutdown({}),
    ).then(() => "answered", messageOf);
    assertStringIncludes(denied, "PermissionDenied");
    assertStringIncludes(denied, "os:operator");
  });

  /** Calls trustd with `token`. */
  const trustd = <T>(
    token: string,
    use: Parameters<typeof withApi<typeof SecurityService, T>>[2],
  ) =>
    withApi(SecurityService, {
      host,
      port: PORTS.trustd,
      tls: { ca: tls.ca! },
      metadata: { token },
    }, use);

  await t.step("a CSR that asks for os:admin gets no rights", async () => {
    const keys = await generateKey("Ed25519");
    const own = host.replace(/\d+$/, "1"); // The gateway: our own address.
    const csr = await createCsr({
      keys,
      organizations: ["os:admin"],
      addresses: [own],
    });
    const answer = await trustd(
      config.machine!.token!,
      (client) => client.certificate({ csr: new TextEncoder().encode(csr) }),
    );
    const crt = new TextDecoder().decode(answer.crt);
    const facts = await readCertificate(crt);
    assertEquals(facts.organizations, []);
    const leaf = { crt, key: await exportKey(keys.privateKey) };
    assert(await versionAs(host, { ca: tls.ca!, ...leaf }) !== "answered");
  });

  await t.step("a CSR for an address of somebody else is refused", async () => {
    const keys = await generateKey("Ed25519");
    const csr = await createCsr({ keys, addresses: [host] });
    const answer = await trustd(
      config.machine!.token!,
      (client) => client.certificate({ csr: new TextEncoder().encode(csr) }),
    )
      .then(() => "signed", messageOf);
    assertStringIncludes(answer, host);
  });

  await t.step("a wrong token is refused, and nothing is written", async () => {
    const path = "/system/run/trustd/handover";
    const written = () => Deno.stat(root + path).then(() => true, () => false);
    const write = (token: string) =>
      trustd(
        token,
        (client) =>
          client.writeFile({ path, data: new Uint8Array([1]), perm: 0o600 }),
      );
    const answer = await write("aaaaaa.0123456789abcdef")
      .then(() => "written", messageOf);
    assertStringIncludes(answer, "Unauthenticated");
    assertEquals(await written(), false);
    await write(config.machine!.token!);
    assertEquals(await written(), true);
  });

  await t.step(
    "the token writes and reads no path beyond the list",
    async () => {
      for (
        const path of ["/system/state/config.yaml", "/etc/../system/x", "x"]
      ) {
        const wrote = await trustd(
          config.machine!.token!,
          (client) =>
            client.writeFile({ path, data: new Uint8Array([1]), perm: 0o644 }),
        )
          .then(() => "written", messageOf);
        const read = await trustd(
          config.machine!.token!,
          (client) => client.readFile({ path }),
        ).then(() => "read", messageOf);
        assert(wrote !== "written" && read !== "read", path);
      }
    },
  );

  await t.step("an unknown method is named, exit code 1", async () => {
    const { code } = await cluster.talosctl(["-n", host, "rollback"]);
    assert(code === FAILURE || code === 2);
  });
});
