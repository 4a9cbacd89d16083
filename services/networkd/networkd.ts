/**
 * Brings the node's network to what the config says, again for every new
 * config: links, addresses, routes, names, resolvers. What cannot be done is
 * named and does not keep the rest from being done: a node with one wrong
 * route must stay reachable.
 */
import type { Clock } from "#lib/clock.ts";
import { chainOf } from "#lib/errors.ts";
import type { Logger } from "#lib/log.ts";
import { isErrno } from "#lib/sys/errno.ts";
import type { HostnameSys, NetlinkSys } from "#lib/sys/sys.ts";
import type { WorkerConfig } from "#lib/worker/protocol.ts";
import { hostsFile, resolvConf } from "./etc_files.ts";
import { missingLinks, type Operation, planFor } from "./plan.ts";
import { Rtnetlink } from "./netlink_client.ts";
import { type NetworkSettings, settingsOf } from "./settings.ts";

/** Dummies first, then the VLANs on them. */
const CREATE_ROUNDS = 2;

/** What {@linkcode Networkd} stands on. */
export interface NetworkdDeps {
  readonly sys: HostnameSys & NetlinkSys;
  readonly clock: Clock;
  readonly log: Logger;
  /** Replaces `hosts` or `resolv.conf` as a whole. */
  readonly writeEtc: (
    name: "hosts" | "resolv.conf",
    text: string,
  ) => Promise<void>;
}

/** The network of one node. */
export class Networkd {
  readonly netlink: Rtnetlink;
  readonly #deps: NetworkdDeps;
  #applied: readonly Operation[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #ready = false;

  constructor(deps: NetworkdDeps) {
    this.#deps = deps;
    this.netlink = new Rtnetlink(deps.sys, deps.clock);
  }

  /** Whether a config has been applied. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Applies `config` after those before it; resolves with what failed. */
  apply(config: WorkerConfig): Promise<readonly string[]> {
    const done = this.#queue.then(() => this.#apply(config));
    this.#queue = done.catch(() => {});
    return done;
  }

  async #apply({ config, node }: WorkerConfig): Promise<readonly string[]> {
    const { settings, problems } = settingsOf(config, node);
    const attempt = async (what: string, work: () => unknown) => {
      try {
        await work();
      } catch (thrown) {
        problems.push(`${what}: ${chainOf(thrown)}`);
      }
    };
    await attempt(
      "resolvers",
      () => this.#deps.writeEtc("resolv.conf", resolvConf(settings)),
    );
    await attempt(
      "hosts",
      () => this.#deps.writeEtc("hosts", hostsFile(settings, node.addresses)),
    );
    // A container's names are given to it from outside.
    if (node.mode !== "container" && settings.hostname !== "") {
      await attempt("hostname", () => {
        this.#deps.sys.setHostname(settings.hostname);
        this.#deps.sys.setDomainname(settings.domain);
      });
    }
    await attempt("links", async () => {
      problems.push(...await this.#applyLinks(settings));
    });
    for (const problem of problems) this.#deps.log.warn(problem);
    this.#ready = true;
    return problems;
  }

  async #applyLinks(settings: NetworkSettings): Promise<string[]> {
    let problems: string[] = [];
    for (let round = 0; round < CREATE_ROUNDS; round++) {
      const missing = missingLinks(settings, await this.netlink.links());
      // What fails is tried once more, and named once.
      problems = [];
      for (const operation of missing) {
        problems.push(...await this.#do(operation));
      }
    }
    const plan = planFor(settings, await this.netlink.links());
    problems.push(...plan.problems);
    // First: with an address the kernel takes its secondaries and its routes.
    await this.#undoOthers(plan.operations);
    for (const operation of plan.operations) {
      problems.push(...await this.#do(operation));
    }
    this.#applied = plan.operations;
    return problems;
  }

  /** Does one thing; what is as wanted already is no failure. */
  async #do({ text, request }: Operation): Promise<string[]> {
    try {
      await this.netlink.change(request, text);
      this.#deps.log.info(text);
    } catch (thrown) {
      if (!isErrno(thrown, "EEXIST")) return [chainOf(thrown)];
    }
    return [];
  }

  /** Takes back what the config before asked for and this one does not. */
  async #undoOthers(wanted: readonly Operation[]): Promise<void> {
    const texts = new Set(wanted.map(({ text }) => text));
    const gone = this.#applied.filter(({ text }) => !texts.has(text));
    // Routes before the addresses that they need.
    for (const { text, undo } of gone.toReversed()) {
      if (undo === undefined) continue;
      try {
        await this.netlink.change(undo, `take back: ${text}`);
        this.#deps.log.info(`take back: ${text}`);
      } catch (thrown) {
        this.#deps.log.debug(chainOf(thrown));
      }
    }
  }
}
