/**
 * The one door to @peculiar/x509, opened at the first certificate that is
 * made: loading it takes 0.15 s that most processes need not spend.
 */

type X509 = typeof import("@peculiar/x509");

let loaded: Promise<X509> | undefined;

async function load(): Promise<X509> {
  // It decorates its classes while it loads, which needs this one before.
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

/** The library; the same one each time. */
export function loadX509(): Promise<X509> {
  return loaded ??= load();
}
