/** The daemons of a node, as data. */
import type { Manifest } from "#lib/worker/manifest.ts";
import { manifest as apid } from "../apid/manifest.ts";
import { manifest as networkd } from "../networkd/manifest.ts";
import { manifest as routerd } from "../routerd/manifest.ts";
import { manifest as timed } from "../timed/manifest.ts";
import { manifest as trustd } from "../trustd/manifest.ts";

/** All of them; units/daemons.ts says which run where. */
export const MANIFESTS: readonly Manifest[] = [
  apid,
  networkd,
  routerd,
  timed,
  trustd,
];
