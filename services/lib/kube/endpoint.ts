/** An API server as users name it. Pure. */
import { isIP } from "node:net";
import { AgentError } from "../errors.ts";

/** A text that names no API server. */
export class EndpointError extends AgentError<
  { readonly kind: "invalidArgument" }
> {
  override name = "EndpointError";

  constructor(text: string) {
    super(
      { kind: "invalidArgument" },
      `"${text}" is no API server: want a host or an address, with or ` +
        "without a port, or an https:// URL",
    );
  }
}

const PORT = "6443";

/**
 * The URL of `10.5.0.2`, `fd00::2`, `host:7443` or `https://host:6443`.
 *
 * @throws {EndpointError}
 */
export function apiServerUrl(text: string): string {
  const host = isIP(text) === 6 ? `[${text}]` : text;
  const url = URL.parse(host.includes("://") ? host : `https://${host}`);
  const plain = url && url.protocol === "https:" && url.hostname !== "" &&
    url.pathname === "/" && url.username === "" && url.search === "" &&
    url.hash === "";
  if (!plain) throw new EndpointError(text);
  // 443 is what a URL leaves out; without a scheme it is not meant.
  const bare = url.port === "" && !host.includes("://") && !/:443$/.test(host);
  return bare ? `https://${url.hostname}:${PORT}` : url.origin;
}
