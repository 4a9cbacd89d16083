/** `talosctl etcd`. Pure. */
import {
  type EtcdAlarm,
  type EtcdAlarmDisarm,
  type EtcdForfeitLeadership,
  EtcdMemberAlarm_AlarmType,
  type EtcdMembers,
  type EtcdStatus,
} from "#proto/machine_pb.ts";
import type { Answer } from "../client/answers.ts";
import { formatBytes } from "./size.ts";
import { withHeader } from "./table.ts";

const idOf = (id: bigint) => id.toString(16).padStart(16, "0");
const yes = (value: boolean) => value ? "yes" : "no";
const listed = (values: readonly string[]) => values.join(",") || "-";

/** One row per member that a node knows. */
export function renderMembers(
  answers: readonly Answer<EtcdMembers>[],
): string {
  const rows = answers.flatMap(({ node, message }) =>
    message.members.map(({ id, hostname, peerUrls, clientUrls, isLearner }) => [
      ...[node, idOf(id), hostname || "-"],
      ...[listed(peerUrls), listed(clientUrls), yes(isLearner)],
    ])
  );
  return withHeader(
    ["NODE", "ID", "HOSTNAME", "PEER URLS", "CLIENT URLS", "LEARNER"],
    rows,
  );
}

/** One row per alarm. */
export function renderAlarms(
  answers: readonly Answer<EtcdAlarm | EtcdAlarmDisarm>[],
): string {
  const rows = answers.flatMap(({ node, message }) =>
    message.memberAlarms.map(({ memberId, alarm }) => [
      ...[node, idOf(memberId)],
      EtcdMemberAlarm_AlarmType[alarm] ?? String(alarm),
    ])
  );
  return withHeader(["NODE", "MEMBER", "ALARM"], rows);
}

/** One row per node. */
export function renderStatus(answers: readonly Answer<EtcdStatus>[]): string {
  const rows = answers.flatMap(({ node, message: { memberStatus: s } }) =>
    s === undefined ? [] : [[
      ...[
        node,
        idOf(s.memberId),
        formatBytes(s.dbSize),
        formatBytes(s.dbSizeInUse),
      ],
      ...[s.leader === 0n ? "none" : idOf(s.leader), String(s.raftTerm)],
      ...[String(s.raftIndex), String(s.raftAppliedIndex)],
      ...[yes(s.isLearner), s.errors.join("; ") || "-"],
    ]]
  );
  return withHeader([
    ...["NODE", "MEMBER", "DB SIZE", "IN USE", "LEADER", "TERM"],
    ...["INDEX", "APPLIED", "LEARNER", "ERRORS"],
  ], rows);
}

/** Who leads now. */
export function renderForfeit(
  answers: readonly Answer<EtcdForfeitLeadership>[],
): string {
  return answers.map(({ node, message: { member } }) =>
    member === ""
      ? `${node} does not lead\n`
      : `${member} leads instead of ${node}\n`
  ).join("");
}
