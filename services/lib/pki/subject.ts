/** The subject of certificates and requests, in the strings that Go writes. */
import { loadX509 } from "./x509.ts";

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;

/** The string type that Go would choose, also for the empty text. */
function directoryString(text: string) {
  return PRINTABLE.test(text)
    ? { printableString: text }
    : { utf8String: text };
}

/** A name with one part for each organization, then the common name. */
export async function subjectOf(
  organizations: readonly string[],
  commonName?: string,
) {
  const { Name } = await loadX509();
  return new Name([
    ...organizations.map((o) => ({ O: [directoryString(o)] })),
    ...(commonName === undefined
      ? []
      : [{ CN: [directoryString(commonName)] }]),
  ]);
}
