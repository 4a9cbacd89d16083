/** `talosctl etcd`: the members of etcd, each asked on its own node. */
import { verified } from "#lib/etcd_snapshot.ts";
import { MachineService } from "#proto/machine_pb.ts";
import type { NodeFailure } from "../client/answers.ts";
import { EXIT } from "../cli/exit.ts";
import { formatBytes } from "../render/size.ts";
import { group, leaf, NO_ARGS } from "../cli/command.ts";
import {
  renderAlarms,
  renderForfeit,
  renderMembers,
  renderStatus,
} from "../render/etcd.ts";
import {
  argument,
  report,
  reportLocal,
  reportQuietly,
  settle,
  writeOutput,
} from "./report.ts";

const { method } = MachineService;
const ONCE = { once: true };

const alarmList = leaf({
  name: "list",
  summary: "List the alarms of all members",
  args: NO_ARGS,
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(method.etcdAlarmList, {});
    return await report(context, answers, renderAlarms);
  },
});

const alarmDisarm = leaf({
  name: "disarm",
  summary: "End the alarms of all members, and list them",
  details: "What raised an alarm is repaired first, or it comes again.",
  args: NO_ARGS,
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const answers = await session.unary(method.etcdAlarmDisarm, {}, ONCE);
    return await report(context, answers, renderAlarms);
  },
});

const alarm = group({
  name: "alarm",
  summary: "What keeps etcd from taking changes",
  flags: {},
  subcommands: [alarmList, alarmDisarm],
});

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

/** Its secrets are the cluster's. */
const SNAPSHOT_MODE = 0o600;

const snapshot = leaf({
  name: "snapshot",
  summary: "Save the database of a member to a file",
  details:
    "The file is there once all of it has come and its hash has been verified.",
  args: { usage: "<file>", min: 1, max: 1 },
  flags: {},
  singleNode: true,
  async run(context) {
    const session = await context.session();
    const failures: NodeFailure[] = [];
    const stream = session.stream(
      method.etcdSnapshot,
      {},
      (failure) => failures.push(failure),
    );
    let size = 0;
    async function* bytes() {
      for await (const { message } of stream) {
        size += message.bytes.length;
        yield message.bytes;
      }
      if (failures.length > 0) await settle(context, 0, failures);
    }
    const path = argument(context, 0);
    const data = verified(bytes());
    await writeOutput(context, { path, data, mode: SNAPSHOT_MODE });
    const value = { file: path, sizeBytes: size };
    const told = `${path}: ${formatBytes(size)}, its hash verified\n`;
    await reportLocal(context, value, told);
    return EXIT.ok;
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
  subcommands: [
    alarm,
    defrag,
    forfeit,
    leave,
    members,
    removeMember,
    snapshot,
    status,
  ],
});
