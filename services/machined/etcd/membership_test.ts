/** How a node becomes a member, against members that only answer. */
import { assertEquals } from "@std/assert";
import { create } from "@bufbuild/protobuf";
import { type Member, MemberSchema } from "#proto/etcd_pb.ts";
import { FakeClock } from "../supervisor/fake.ts";
import {
  type EtcdPeer,
  type EtcdPeers,
  promoteSelf,
  tryJoin,
} from "./membership.ts";

const signal = new AbortController().signal;
const SELF = { name: "c", peerUrl: "https://10.5.0.4:2380" };

function member(id: number, name: string, host: number, isLearner = false) {
  const peerURLs = [`https://10.5.0.${host}:2380`];
  return create(MemberSchema, { ID: BigInt(id), name, peerURLs, isLearner });
}

/** Peers that share `members`; the addresses in `dead` do not answer. */
function cluster(
  members: Member[],
  { dead = [], addresses = ["10.5.0.2", "10.5.0.3"] }: {
    dead?: string[];
    addresses?: string[];
  } = {},
) {
  const asked: string[] = [];
  const peers: EtcdPeers = {
    addresses: () => Promise.resolve(addresses),
    connect(address): EtcdPeer {
      const answer = <T>(what: string, value: () => T): Promise<T> => {
        asked.push(`${address} ${what}`);
        return dead.includes(address)
          ? Promise.reject(new Error("away"))
          : Promise.resolve().then(value);
      };
      return {
        members: () => answer("members", () => members),
        addLearner: (url) =>
          answer(`add ${url}`, () => {
            members.push(create(MemberSchema, {
              ...{ ID: 9n, peerURLs: [url], isLearner: true },
            }));
            return members;
          }),
        promote: (id) =>
          answer(`promote ${id}`, () => {
            for (const one of members) if (one.ID === id) one.isLearner = false;
          }),
        [Symbol.dispose]() {},
      };
    },
  };
  return { peers, asked };
}

Deno.test("join: as a learner, through the first that answers", async () => {
  const two = [member(1, "a", 2), member(2, "b", 3)];
  const { peers, asked } = cluster(two, { dead: ["10.5.0.2"] });
  assertEquals(await tryJoin(peers, SELF, signal), {
    members: "a=https://10.5.0.2:2380,b=https://10.5.0.3:2380," +
      "c=https://10.5.0.4:2380",
    state: "existing",
  });
  assertEquals(asked, [
    "10.5.0.2 members",
    "10.5.0.3 members",
    "10.5.0.3 add https://10.5.0.4:2380",
  ]);
});

Deno.test("join: added before and never started, it is not added twice", async () => {
  const { peers, asked } = cluster([member(1, "a", 2), member(9, "", 4, true)]);
  assertEquals(await tryJoin(peers, SELF, signal), {
    members: "a=https://10.5.0.2:2380,c=https://10.5.0.4:2380",
    state: "existing",
  });
  assertEquals(asked, ["10.5.0.2 members"]);
});

Deno.test("join: one at a time, and why it waits is said", async () => {
  const waiting = [member(1, "a", 2), member(9, "", 5, true)];
  const { peers } = cluster(waiting, { addresses: ["10.5.0.2"] });
  assertEquals(await tryJoin(peers, SELF, signal), {
    why: "10.5.0.2: another member (https://10.5.0.5:2380) is joining",
  });
  const nobody = cluster([], { addresses: [] });
  assertEquals(await tryJoin(nobody.peers, SELF, signal), {
    why: "no control plane is listed",
  });
});

Deno.test("promote: until it votes, by any member", async () => {
  const members = [member(1, "a", 2), member(9, "c", 4, true)];
  const { peers, asked } = cluster(members, { dead: ["10.5.0.2"] });
  await promoteSelf(peers, SELF, { clock: new FakeClock(), signal });
  assertEquals(members[1]!.isLearner, false);
  assertEquals(asked.at(-1), "10.5.0.3 promote 9");
});
