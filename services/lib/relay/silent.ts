/** Events of a stream that was answered at once. */
import type { StreamEvents } from "../http2/stream.ts";

/** Listens to nothing. */
export const SILENT: StreamEvents = {
  headers() {},
  data() {},
  trailers() {},
  sent() {},
  closed() {},
};
