/** Every limit of a connection by name; a peer that exceeds one is refused. */

/** What one connection may cost us. */
export interface Limits {
  /** Streams that the peer may have open at once. */
  readonly streamsMax: number;
  /** Decoded header list, counted as RFC 9113 6.5.2 does. */
  readonly headerListBytes: number;
  /** Header block on the wire, over all its frames. */
  readonly headerBlockBytes: number;
  /** CONTINUATION frames of one header block. */
  readonly continuationsMax: number;
  /** Receive window of a stream. */
  readonly streamWindowBytes: number;
  /** Receive window of the connection. */
  readonly connectionWindowBytes: number;
  /**
   * Received and not yet consumed bytes from which on the connection's window
   * is given back only as streams are consumed.
   */
  readonly bufferedBytesMax: number;
  /** Bytes the socket did not take yet, above which the peer is cut off. */
  readonly unsentBytesMax: number;
  /** Frames that do no work which may come in a row (see budget.ts). */
  readonly idleFramesMax: number;
  /** Streams that end by a reset which may come in a row. */
  readonly resetsMax: number;
  /** Requests that wait for a free stream of the peer (client side). */
  readonly waitingMax: number;
}

/** For peers that come over the network. */
export const NETWORK_LIMITS: Limits = {
  streamsMax: 256,
  headerListBytes: 65_536,
  headerBlockBytes: 65_536,
  continuationsMax: 8,
  streamWindowBytes: 262_144,
  connectionWindowBytes: 1_048_576,
  bufferedBytesMax: 4_194_304,
  unsentBytesMax: 1_048_576,
  idleFramesMax: 2_000,
  resetsMax: 400,
  waitingMax: 1_024,
};

/** Between daemons of one node, where one connection carries all clients. */
export const LOCAL_LIMITS: Limits = {
  ...NETWORK_LIMITS,
  streamsMax: 4_096,
  resetsMax: 8_192,
  idleFramesMax: 20_000,
};
