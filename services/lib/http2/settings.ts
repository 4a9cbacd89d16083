/** SETTINGS payloads, checked (RFC 9113 section 6.5). */
import {
  DEFAULT_FRAME_BYTES,
  ErrorCode,
  Setting,
  WINDOW_BYTES_MAX,
} from "./constants.ts";
import { connectionError } from "./errors.ts";
import { readUint32 } from "./frame_reader.ts";

const FRAME_BYTES_LIMIT = 0xff_ffff;
const PAIR_BYTES = 6;
/** There are six of them; a long list is a flood. */
const PAIRS_MAX = 32;

/** What a peer announced; absent means unchanged. */
export interface PeerSettings {
  headerTableBytes?: number;
  streamsMax?: number;
  initialWindow?: number;
  frameBytesMax?: number;
}

/**
 * Reads the payload of a SETTINGS frame; unknown settings are ignored.
 *
 * @throws {Http2Error} of kind `connection`
 */
export function readSettings(payload: Uint8Array): PeerSettings {
  const pairs = payload.length / PAIR_BYTES;
  if (!Number.isInteger(pairs)) {
    throw connectionError(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS");
  }
  if (pairs > PAIRS_MAX) {
    throw connectionError(ErrorCode.ENHANCE_YOUR_CALM, "too many settings");
  }
  const settings: PeerSettings = {};
  for (let at = 0; at < payload.length; at += PAIR_BYTES) {
    const id = (payload[at]! << 8) | payload[at + 1]!;
    apply(settings, id, readUint32(payload, at + 2));
  }
  return settings;
}

function apply(settings: PeerSettings, id: number, value: number): void {
  switch (id) {
    case Setting.HEADER_TABLE_SIZE:
      settings.headerTableBytes = value;
      return;
    case Setting.ENABLE_PUSH:
      if (value > 1) throw bad("ENABLE_PUSH", value);
      return;
    case Setting.MAX_CONCURRENT_STREAMS:
      settings.streamsMax = value;
      return;
    case Setting.INITIAL_WINDOW_SIZE:
      if (value > WINDOW_BYTES_MAX) {
        throw connectionError(
          ErrorCode.FLOW_CONTROL_ERROR,
          `INITIAL_WINDOW_SIZE ${value}`,
        );
      }
      settings.initialWindow = value;
      return;
    case Setting.MAX_FRAME_SIZE:
      if (value < DEFAULT_FRAME_BYTES || value > FRAME_BYTES_LIMIT) {
        throw bad("MAX_FRAME_SIZE", value);
      }
      settings.frameBytesMax = value;
      return;
  }
}

function bad(name: string, value: number) {
  return connectionError(ErrorCode.PROTOCOL_ERROR, `${name} ${value}`);
}
