/**
 * What can be said about a client certificate without asking a server, which
 * only closes the connection when it does not like one.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { messageOf } from "#lib/errors.ts";
import {
  type CertificateFacts,
  isSignedBy,
  readCertificate,
} from "#lib/pki/certificate.ts";
import { tlsKey } from "#lib/pki/pem.ts";
import { Role, rolesOfOrganizations } from "#lib/rpc/roles.ts";

/** PEM texts of one context. */
export interface ClientIdentity {
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

function day(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function dateProblem(
  { notBefore, notAfter }: CertificateFacts,
  what: string,
  nowMs: number,
): string | undefined {
  if (nowMs > notAfter) return `${what} expired on ${day(notAfter)}`;
  if (nowMs < notBefore) {
    return `${what} is not valid before ${day(notBefore)}; is the clock right?`;
  }
  return undefined;
}

function keyMatches({ crt, key }: ClientIdentity): boolean {
  try {
    return new X509Certificate(crt)
      .checkPrivateKey(createPrivateKey(tlsKey(key)));
  } catch {
    return false;
  }
}

/** Problems with the CA of the context, and of being issued by it. */
async function caProblem(identity: ClientIdentity, nowMs: number) {
  if (identity.ca === "") return "the context has no CA";
  const ca = await readCertificate(identity.ca);
  if (!isSignedBy(identity.crt, identity.ca)) {
    return "the client certificate is not of the context's CA";
  }
  return dateProblem(ca, "the CA", nowMs);
}

/** Why no node of this CA can accept the certificate; undefined if one may. */
export async function certificateProblem(
  identity: ClientIdentity,
  nowMs: number,
): Promise<string | undefined> {
  if (identity.crt === "" || identity.key === "") {
    return "the context has no client certificate";
  }
  try {
    const own = await readCertificate(identity.crt);
    const problem = await caProblem(identity, nowMs) ??
      dateProblem(own, "the client certificate", nowMs);
    if (problem) return problem;
    if (!keyMatches(identity)) {
      return "the key does not belong to the client certificate";
    }
    const { usages } = own;
    return usages.length > 0 && !usages.includes("client")
      ? "the certificate is for servers only, as a node's own is"
      : undefined;
  } catch (thrown) {
    return `its certificates are unreadable: ${messageOf(thrown)}`;
  }
}

/** What the certificate may do, for the text after a refusal. */
export async function roleText(crt: string): Promise<string> {
  if (crt === "") return "there is no client certificate";
  try {
    const { organizations } = await readCertificate(crt);
    const roles = rolesOfOrganizations(organizations);
    if (roles.includes(Role.impersonator)) {
      return "the certificate is a node's own, not a client's";
    }
    return roles.length > 0
      ? `the certificate has ${roles.join(", ")}`
      : "the certificate has no role";
  } catch {
    return "the certificate is unreadable";
  }
}
