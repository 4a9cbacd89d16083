/** Writes the node's CNI configuration whenever flanneld says something new. */
import type { Clock } from "#lib/clock.ts";
import { chainOf } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import { dirname } from "@std/path";
import type { Files } from "../files.ts";
import { CNI_FILE, cniConfig, readSubnet, SUBNET_FILE } from "./flannel_cni.ts";

const LOOK_MS = 500;

/** Runs until the signal aborts; a look that fails is not the last one. */
export async function writeCniConfig(
  { files, clock, log }: {
    readonly files: Files;
    readonly clock: Clock;
    readonly log: Logger;
  },
  signal: AbortSignal,
): Promise<void> {
  let written = "";
  while (!signal.aborted) {
    try {
      const said = new TextDecoder().decode(await files.read(SUBNET_FILE));
      const subnet = readSubnet(said);
      const text = subnet ? cniConfig(subnet) : written;
      if (text !== written) {
        await files.mkdir(dirname(CNI_FILE), 0o755);
        const bytes = new TextEncoder().encode(text);
        // In the directory itself: containerd looks again when a name of it goes
        // away, not when one comes.
        await files.replace(CNI_FILE, bytes, 0o644);
        written = text;
        log.info(`pods have ${subnet!.subnets.join(", ")}, by flannel`);
      }
    } catch (thrown) {
      log.warn(`CNI configuration: ${chainOf(thrown)}`);
    }
    await clock.sleep(LOOK_MS, signal).catch(() => {});
  }
}
