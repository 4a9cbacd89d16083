/** The part of machine.MachineService that is about etcd. No decisions. */
import type { ServiceHandlers } from "#lib/rpc/call.ts";
import type { Data } from "#proto/common_pb.ts";
import type { AlarmMember } from "#proto/etcd_pb.ts";
import type { MachineService } from "#proto/machine_pb.ts";
import type { Node } from "./node.ts";

/** What changes the cluster goes on when its caller has gone. */
const CHANGE_MS = 60_000;

type Handlers = ServiceHandlers<typeof MachineService>;

/** The handlers for `etcd`. */
export function etcdHandlers(etcd: Node["etcd"]): Handlers {
  return { ...changes(etcd), ...looks(etcd) };
}

function changes(etcd: Node["etcd"]): Handlers {
  const change = () => AbortSignal.timeout(CHANGE_MS);
  return {
    bootstrap: async ({ recoverEtcd, recoverSkipHashCheck }) => {
      const recover = { skipHashCheck: recoverSkipHashCheck };
      await etcd.bootstrap(recoverEtcd ? recover : undefined, change());
      return { messages: [{}] };
    },
    etcdRecover: async (requests, { signal }) => {
      await etcd.receive(bytesOf(requests), signal);
      return { messages: [{}] };
    },
    etcdForfeitLeadership: async () => {
      const member = await etcd.forfeitLeadership(change());
      return { messages: [{ member: member ?? "" }] };
    },
    etcdLeaveCluster: async () => {
      await etcd.leave(change());
      return { messages: [{}] };
    },
    etcdRemoveMember: async ({ member: name }) => {
      await etcd.remove({ name }, change());
      return { messages: [{}] };
    },
    etcdRemoveMemberByID: async ({ memberId: id }) => {
      await etcd.remove({ id }, change());
      return { messages: [{}] };
    },
    etcdAlarmDisarm: async () => ({
      messages: [alarmsOf(await etcd.disarm(change()))],
    }),
    etcdDefragment: async (_, { signal }) => {
      await etcd.defragment(signal);
      return { messages: [{}] };
    },
  };
}

async function* bytesOf(pieces: AsyncIterable<Data>) {
  for await (const { bytes } of pieces) yield bytes;
}

function alarmsOf(alarms: readonly AlarmMember[]) {
  return {
    memberAlarms: alarms.map(({ memberID: memberId, alarm }) => ({
      ...{ memberId, alarm: alarm as number },
    })),
  };
}

function looks(etcd: Node["etcd"]): Handlers {
  return {
    etcdMemberList: async ({ queryLocal }, { signal }) => {
      const all = await etcd.members({ local: queryLocal, signal });
      const members = all.map((member) => ({
        id: member.ID,
        hostname: member.name,
        peerUrls: member.peerURLs,
        clientUrls: member.clientURLs,
        isLearner: member.isLearner,
      }));
      return { messages: [{ legacyMembers: all.map((m) => m.name), members }] };
    },
    etcdAlarmList: async (_, { signal }) => ({
      messages: [alarmsOf(await etcd.alarms(signal))],
    }),
    etcdStatus: async (_, { signal }) => {
      const { header, version: protocolVersion, ...rest } = await etcd.status(
        signal,
      );
      const { dbSize, dbSizeInUse, leader, raftIndex, raftTerm } = rest;
      const { raftAppliedIndex, errors, isLearner } = rest;
      const memberStatus = {
        ...{ memberId: header?.memberId ?? 0n, protocolVersion, leader },
        ...{ dbSize, dbSizeInUse, raftIndex, raftTerm, raftAppliedIndex },
        ...{ errors, isLearner },
      };
      return { messages: [{ memberStatus }] };
    },
    etcdSnapshot: async function* (_, { signal }) {
      for await (const bytes of etcd.snapshot(signal)) yield { bytes };
    },
  };
}
