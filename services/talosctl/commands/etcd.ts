/** `talosctl etcd`: the members of etcd, each asked on its own node. */
import { MachineService } from "#proto/machine_pb.ts";
import { group, leaf, NO_ARGS } from "../cli/command.ts";
import { renderForfeit, renderMembers, renderStatus } from "../render/etcd.ts";
import { argument, report, reportQuietly } from "./report.ts";

const { method } = MachineService;
const ONCE = { once: true };

const defrag = leaf({
  name: "defrag",
  summary: "Defragment the database of a member",
  details: "The member answers nobody meanwhile: one at a time.",
  args: NO_ARGS,
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(method.etcdDefragment, {}, ONCE);
    return await reportQuietly(context, answers);
  },
});

const forfeit = leaf({
  name: "forfeit-leadership",
  summary: "Make another member the leader",
  args: NO_ARGS,
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(method.etcdForfeitLeadership, {}, ONCE);
    return await report(context, answers, renderForfeit);
  },
});

const leave = leaf({
  name: "leave",
  summary: "Leave the cluster, and wipe the member's data",
  details: `Refused where the quorum would go. The node joins again after
"talosctl service etcd start", or when it starts anew.`,
  args: NO_ARGS,
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(method.etcdLeaveCluster, {}, ONCE);
    return await reportQuietly(context, answers);
  },
});

const members = leaf({
  name: "members",
  summary: "List the members",
  args: NO_ARGS,
  flags: {},
  async run(context) {
    const session = await context.session();
    const request = { queryLocal: true };
    const answers = await session.unary(method.etcdMemberList, request);
    return await report(context, answers, renderMembers);
  },
});

/** As the members are listed. */
const ID = /^[0-9a-f]{16}$/;

const removeMember = leaf({
  name: "remove-member",
  summary: "Take a member out that cannot leave by itself",
  details: "By its id or its host name. Refused where the quorum would go.",
  args: { usage: "<member>", min: 1, max: 1 },
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const member = argument(context, 0);
    const answers = ID.test(member)
      ? await session.unary(
        method.etcdRemoveMemberByID,
        { memberId: BigInt(`0x${member}`) },
        ONCE,
      )
      : await session.unary(method.etcdRemoveMember, { member }, ONCE);
    return await reportQuietly<unknown>(context, answers);
  },
});

const status = leaf({
  name: "status",
  summary: "Show the state of members",
  args: NO_ARGS,
  flags: {},
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(method.etcdStatus, {});
    return await report(context, answers, renderStatus);
  },
});

export const etcd = group({
  name: "etcd",
  summary: "Look at the members of etcd and manage them",
  flags: {},
  subcommands: [defrag, forfeit, leave, members, removeMember, status],
});
