/** `talosctl events`: any event to plain data and to a row. Pure. */
import { type DescMessage, fromBinary, toJson } from "@bufbuild/protobuf";
import {
  type Event,
  PhaseEvent_Action,
  PhaseEventSchema,
  RestartEventSchema,
  SequenceEvent_Action,
  SequenceEventSchema,
  ServiceStateEvent_Action,
  ServiceStateEventSchema,
  TaskEvent_Action,
  TaskEventSchema,
} from "#proto/machine_pb.ts";
import type { Plain } from "./document.ts";

/** What a row says of an event. */
interface Told {
  readonly source: string;
  readonly message: string;
  readonly data: Plain;
}

const TYPE_PREFIX = "talos/runtime/";

function plain(schema: DescMessage, bytes: Uint8Array): Plain {
  return toJson(schema, fromBinary(schema, bytes), {
    alwaysEmitImplicit: true,
  }) as Plain;
}

const joined = (action: string | undefined, text: string | undefined) =>
  [action ?? "?", text].filter(Boolean).join(": ");

/** Tellers by message name; a name that is not here is shown by its URL only. */
const TELLERS: Record<string, (bytes: Uint8Array) => Told> = {
  "machine.SequenceEvent"(bytes) {
    const event = fromBinary(SequenceEventSchema, bytes);
    return {
      source: event.sequence,
      message: joined(
        SequenceEvent_Action[event.action],
        event.error?.message,
      ),
      data: plain(SequenceEventSchema, bytes),
    };
  },
  "machine.PhaseEvent"(bytes) {
    const event = fromBinary(PhaseEventSchema, bytes);
    return {
      source: event.phase,
      message: joined(PhaseEvent_Action[event.action], ""),
      data: plain(PhaseEventSchema, bytes),
    };
  },
  "machine.TaskEvent"(bytes) {
    const event = fromBinary(TaskEventSchema, bytes);
    return {
      source: event.task,
      message: joined(TaskEvent_Action[event.action], ""),
      data: plain(TaskEventSchema, bytes),
    };
  },
  "machine.ServiceStateEvent"(bytes) {
    const event = fromBinary(ServiceStateEventSchema, bytes);
    return {
      source: event.service,
      message: joined(ServiceStateEvent_Action[event.action], event.message),
      data: plain(ServiceStateEventSchema, bytes),
    };
  },
  "machine.RestartEvent"(bytes) {
    const event = fromBinary(RestartEventSchema, bytes);
    return {
      source: "",
      message: `cmd ${event.cmd}`,
      data: plain(RestartEventSchema, bytes),
    };
  },
};

function tell(event: Event): Told | undefined {
  const url = event.data?.typeUrl ?? "";
  const name = url.startsWith(TYPE_PREFIX) ? url.slice(TYPE_PREFIX.length) : "";
  if (!Object.hasOwn(TELLERS, name)) return undefined;
  try {
    return TELLERS[name]!(event.data!.value);
  } catch {
    // A payload that is not what its URL says is a peer's fault, not ours.
    return undefined;
  }
}

/** The header row. */
export const EVENT_HEADER = ["NODE", "ID", "EVENT", "SOURCE", "MESSAGE"];

/** The row of one event. */
export function eventRow(node: string, event: Event): string[] {
  const told = tell(event);
  return [
    node,
    event.id,
    event.data?.typeUrl ?? "",
    told?.source ?? "",
    told?.message ?? "",
  ];
}

/** The event as JSON has it, its payload decoded where it is known. */
export function eventPlain(node: string, event: Event): Plain {
  const told = tell(event);
  const unknown = event.data?.value.toBase64() ?? "";
  return {
    metadata: { hostname: node },
    id: event.id,
    typeUrl: event.data?.typeUrl ?? "",
    data: told?.data ?? unknown,
  };
}
