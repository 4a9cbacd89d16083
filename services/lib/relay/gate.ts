/**
 * What every relay asks of a request before it routes it, and the line that it
 * logs after it.
 */
import { Fields } from "../http2/fields.ts";
import { accessLine, metadataText } from "../rpc/access_log.ts";
import type { Logger } from "../log.ts";
import type { DoneCall } from "./incoming_call.ts";

const NO_POST = Fields.of([":status", "405"]);
const NO_GRPC = Fields.of([":status", "415"]);

/** The answer to a request that is no gRPC call; undefined when it is one. */
export function refusal(fields: Fields): Fields | undefined {
  if (fields.get(":method") !== "POST") return NO_POST;
  const type = fields.get("content-type") ?? "";
  return /^application\/grpc($|[+;])/.test(type) ? undefined : NO_GRPC;
}

/** `machine.MachineService` of `/machine.MachineService/Version`. */
export function serviceOf(path: string): string {
  return path.split("/")[1] ?? "";
}

/** The metadata of a call by key: what Go's metadata would hold. */
function metadataOf({ flat }: Fields): Record<string, string[]> {
  const all: Record<string, string[]> = Object.create(null);
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i]!;
    if (name.startsWith(":") && name !== ":authority") continue;
    if (name.startsWith("grpc-") || name === "te") continue;
    (all[name] ??= []).push(flat[i + 1]!);
  }
  return all;
}

/** Logs each call; a relay's calls are streams, whatever they carry. */
export function accessLogger(log: Logger): (done: DoneCall) => void {
  const texts = new WeakMap<Fields, string>();
  return ({ path, durationMs, status, fields }) => {
    let metadata = texts.get(fields);
    if (metadata === undefined) {
      metadata = metadataText(metadataOf(fields));
      if (fields.stable) texts.set(fields, metadata);
    }
    log.info(
      accessLine({ path, kind: "stream", durationMs, status, metadata }),
    );
  };
}
