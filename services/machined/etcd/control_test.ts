/** What is refused and what is done, with members that only answer. */
import { assertEquals, assertRejects } from "@std/assert";
import { create } from "@bufbuild/protobuf";
import { effective } from "#lib/config/mod.ts";
import {
  type AlarmMember,
  AlarmMemberSchema,
  AlarmType,
  type Member,
  MemberSchema,
  StatusResponseSchema,
} from "#proto/etcd_pb.ts";
import { MemoryFiles } from "../files.ts";
import { EtcdControl, type EtcdMemberClient } from "./control.ts";
import { EtcdError } from "./error.ts";
import { removalProblem } from "./quorum.ts";
import { EtcdRecovery } from "./recovery.ts";
import { BootstrapWish } from "./wish.ts";

const { signal } = new AbortController();
const DATA = "/var/lib/etcd/member";

function member(id: number, isLearner = false): Member {
  const host = `10.5.0.${id}`;
  return create(MemberSchema, {
    ...{ ID: BigInt(id), name: `m${id}`, isLearner },
    peerURLs: [`https://${host}:2380`],
    clientURLs: [`https://${host}:2379`],
  });
}

/** This node is member 1, which leads unless `leader` says otherwise. */
function nodeOf({ type = "controlplane", data = true, silent = [], ...rest }: {
  type?: "controlplane" | "join" | "init";
  data?: boolean;
  silent?: string[];
  members?: Member[];
  leader?: number;
  refuse?: boolean;
  alarms?: AlarmMember[];
}) {
  let leader = BigInt(rest.leader ?? 1);
  let members = rest.members ?? [member(1), member(2), member(3)];
  const alarms = rest.alarms ?? [];
  const done: string[] = [];
  const files = new MemoryFiles(data ? { [`${DATA}/wal`]: "" } : {});
  if (data) files.directories.set(DATA, 0o700);
  const wish = new BootstrapWish();
  const open = (host: string): Promise<EtcdMemberClient> => {
    if (silent.includes(host)) return Promise.reject(new Error("away"));
    return Promise.resolve({
      members: () => Promise.resolve(members),
      status: () =>
        Promise.resolve(create(StatusResponseSchema, {
          header: { memberId: host === "127.0.0.1" ? 1n : 2n },
          leader,
        })),
      remove: (id) => {
        if (rest.refuse) return Promise.reject(new Error("no quorum"));
        done.push(`remove ${id} by ${host}`);
        members = members.filter(({ ID }) => ID !== id);
        return Promise.resolve();
      },
      moveLeader: (id) => {
        done.push(`lead ${id}`);
        leader = id;
        return Promise.resolve();
      },
      alarms: () => Promise.resolve(alarms),
      disarm: ({ memberID, alarm }) => {
        done.push(`disarm ${AlarmType[alarm]} of ${memberID} by ${host}`);
        return Promise.resolve();
      },
      defragment: () => Promise.resolve(),
      snapshot: async function* () {},
      [Symbol.dispose]() {},
    });
  };
  const recovery = new EtcdRecovery({ files });
  const control = new EtcdControl({
    ...{ files, wish, open, recovery },
    input: () => ({ config: effective({ machine: { type } } as never) }),
    peers: {
      addresses: () => Promise.resolve(rest.members ? ["10.5.0.2"] : []),
      connect: () => ({
        members: () => Promise.resolve(members),
        addLearner: () => Promise.reject(new Error("not here")),
        promote: () => Promise.reject(new Error("not here")),
        [Symbol.dispose]() {},
      }),
    },
    service: {
      stop: () => {
        done.push("stop");
        return Promise.resolve();
      },
    },
  });
  return { control, wish, files, done };
}

async function refused(change: () => Promise<unknown>, text: string) {
  await assertRejects(change, EtcdError, text);
}

Deno.test("bootstrap: once, on a control plane, where nothing is", async () => {
  const fresh = nodeOf({ data: false });
  await fresh.control.bootstrap(undefined, signal);
  assertEquals(fresh.wish.wanted(false), true);
  await refused(
    () => nodeOf({ data: true }).control.bootstrap(undefined, signal),
    "etcd data directory is not empty",
  );
  await refused(
    () => nodeOf({ type: "init" }).control.bootstrap(undefined, signal),
    "etcd data directory is not empty",
  );
  const joining = nodeOf({ data: false, members: [member(2)] });
  await refused(
    () => joining.control.bootstrap(undefined, signal),
    "etcd has members already (m2)",
  );
  assertEquals(joining.wish.wanted(false), false);
  await refused(
    () => nodeOf({ type: "join" }).control.bootstrap(undefined, signal),
    "only be performed on a control plane",
  );
});

Deno.test("wish: not even an init node begins again after it left", async () => {
  const wish = new BootstrapWish();
  assertEquals([wish.wanted(true), wish.wanted(false)], [true, false]);
  wish.ask();
  await wish.asked();
  wish.left();
  assertEquals(wish.wanted(true), false);
  wish.ask();
  await wish.asked();
  assertEquals(wish.wanted(false), true);
});

Deno.test("wish: from a snapshot or not at all", async () => {
  const wish = new BootstrapWish();
  const woken = wish.asked();
  wish.recover();
  await woken;
  assertEquals([wish.wanted(true), wish.wanted(false)], [false, false]);
  wish.ask();
  const again = wish.asked();
  wish.recover();
  await again;
  assertEquals([wish.wanted(true), wish.wanted(false)], [false, false]);
});

Deno.test("quorum: of those that answer, as many as decide now", async (t) => {
  const cases: [string, number, number[], string | undefined][] = [
    ["one", 1, [1], "removing one of 1 members leaves 0 of the needed 1"],
    ["two", 2, [1, 2], "removing one of 2 members leaves 1 of the needed 2"],
    ["three", 3, [1, 2, 3], undefined],
    ["the silent one of three", 3, [2, 3], undefined],
    [
      ...["another than the silent one", 3, [1, 2]] as [
        string,
        number,
        number[],
      ],
      "removing one of 3 members leaves 1 of the needed 2; m3 does not answer",
    ],
    ["four", 4, [1, 2, 3, 4], undefined],
  ];
  for (const [name, count, answering, problem] of cases) {
    await t.step(name, () => {
      const members = Array.from({ length: count }, (_, i) => member(i + 1));
      const options = { id: 1n, answering: new Set(answering.map(BigInt)) };
      assertEquals(removalProblem(members, options), problem);
    });
  }
  const learner = [member(1), member(2, true)];
  const options = { id: 2n, answering: new Set([1n]) };
  assertEquals(removalProblem(learner, options), undefined);
});

Deno.test("alarms: of all members, each is ended", async () => {
  const alarms = [
    create(AlarmMemberSchema, { memberID: 1n, alarm: AlarmType.NOSPACE }),
    create(AlarmMemberSchema, { memberID: 3n, alarm: AlarmType.CORRUPT }),
  ];
  const { control, done } = nodeOf({ alarms });
  assertEquals(await control.alarms(signal), alarms);
  assertEquals(done, []);
  assertEquals(await control.disarm(signal), alarms);
  assertEquals(done, [
    "disarm NOSPACE of 1 by 127.0.0.1",
    "disarm CORRUPT of 3 by 127.0.0.1",
  ]);
  const worker = nodeOf({ type: "join" }).control;
  await refused(() => worker.alarms(signal), "on control plane nodes only");
  await refused(() => worker.disarm(signal), "on control plane nodes only");
});

Deno.test("remove: by name or id, never itself", async () => {
  const { control, done } = nodeOf({ silent: ["10.5.0.3"] });
  await refused(() => control.remove({ name: "m2" }, signal), "leaves 1 of");
  await refused(() => control.remove({ name: "m9" }, signal), "0 members");
  await refused(() => control.remove({ id: 1n }, signal), "is this node");
  await control.remove({ name: "m3" }, signal);
  assertEquals(done, ["remove 3 by 127.0.0.1"]);
});

Deno.test("forfeit: to one that votes and answers", async () => {
  const members = [member(1), member(2, true), member(3), member(4)];
  const { control, done } = nodeOf({ members, silent: ["10.5.0.3"] });
  assertEquals(await control.forfeitLeadership(signal), "m4");
  assertEquals(await control.forfeitLeadership(signal), undefined);
  assertEquals(done, ["lead 4"]);
});

Deno.test("leave: the data go after the others have agreed", async () => {
  const { control, done, files, wish } = nodeOf({});
  await control.leave(signal);
  assertEquals(done, ["lead 2", "remove 1 by 10.5.0.2", "stop"]);
  assertEquals(await files.realPath(DATA), undefined);
  assertEquals(wish.wanted(true), false);
});

Deno.test("leave: nothing is wiped when it is refused or fails", async () => {
  const two = nodeOf({ members: [member(1), member(2)] });
  await refused(() => two.control.leave(signal), "leaves 1 of the needed 2");
  const failing = nodeOf({ refuse: true });
  await assertRejects(() => failing.control.leave(signal), Error, "no quorum");
  for (const { files, done } of [two, failing]) {
    assertEquals(await files.realPath(DATA), DATA);
    assertEquals(done.includes("stop"), false);
  }
});
