/**
 * A service that is a container of a pulled image, in a name space of the CRI
 * containerd: etcd, the kubelet. Its image is there before each run; the run
 * has a root of its own.
 */
import type { Clock } from "#lib/clock.ts";
import type { Containerd } from "#lib/containerd/client.ts";
import type { StoredImage } from "#lib/containerd/images.ts";
import type { RuntimeSpec } from "#lib/containerd/spec.ts";
import type { LogStore } from "#lib/log_store.ts";
import type { FilesystemSys } from "#lib/sys/sys.ts";
import type { Images } from "../images.ts";
import { PROCESS_RESTART } from "../supervisor/backoff.ts";
import { ContainerRunner } from "../supervisor/runner_container.ts";
import type { ServiceSpec } from "../supervisor/service.ts";
import { STDIO_DIR } from "./hosts.ts";

/** A name space of the CRI containerd. */
export interface PulledNode {
  readonly containerd: Containerd;
  readonly images: Images;
  readonly sys: Pick<FilesystemSys, "mknod">;
  readonly clock: Clock;
  readonly logs: LogStore;
}

/** What {@linkcode pulledSpec} makes a service of. */
export interface PulledOptions
  extends Pick<ServiceSpec, "needs" | "conditions" | "health" | "operations"> {
  readonly id: string;
  /** Asked before each run: the config may name another. */
  readonly image: () => string;
  /** Before each run, once the image is there; rejects: it is tried again. */
  readonly prepare?: ServiceSpec["pre"];
  readonly spec: (image: StoredImage) => RuntimeSpec;
}

/** It as a service. */
export function pulledSpec(
  options: PulledOptions,
  { containerd, images, sys, clock, logs }: PulledNode,
): ServiceSpec {
  const { id, needs, conditions, health, operations } = options;
  let image: StoredImage | undefined;
  return {
    id,
    needs: [...new Set([...needs, "cri"])],
    pre: async (signal, tell) => {
      const name = options.image();
      image = await images.provide(name, { tell, signal });
      return await options.prepare?.(signal, tell) ?? "run";
    },
    runner: () =>
      new ContainerRunner({
        container: { id, image: image!.name, spec: options.spec(image!) },
        rootfs: images.rootOf(image!),
        containerd,
        stdioDir: STDIO_DIR,
        sys,
        clock,
        log: logs.sink(id),
      }),
    restart: PROCESS_RESTART,
    ...conditions && { conditions },
    ...health && { health },
    ...operations && { operations },
  };
}
