/** `talosctl service`. */
import {
  MachineService,
  type ServiceInfo,
  ServiceInfoSchema,
  type ServiceList,
} from "#proto/machine_pb.ts";
import type { Answer, Answers } from "../client/answers.ts";
import type { Session } from "../client/session.ts";
import { leaf } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { CliError } from "../cli/errors.ts";
import type { ExitCode } from "../cli/exit.ts";
import { usageError } from "../cli/run.ts";
import {
  renderService,
  renderServiceAction,
  renderServiceList,
} from "../render/services.ts";
import { report } from "./report.ts";

const CHANGES = {
  start: MachineService.method.serviceStart,
  stop: MachineService.method.serviceStop,
  restart: MachineService.method.serviceRestart,
} as const;

function isChange(action: string): action is keyof typeof CHANGES {
  return Object.hasOwn(CHANGES, action);
}

async function change(
  context: Context,
  session: Session,
  what: { action: keyof typeof CHANGES; id: string },
): Promise<ExitCode> {
  const { id } = what;
  // One of three methods of the same shape.
  const method = CHANGES[what.action] as typeof CHANGES.start;
  const answers = await session.unary(method, { id }, { once: true });
  return await report(context, answers, renderServiceAction);
}

async function status(
  context: Context,
  answers: Answers<ServiceList>,
  id: string,
): Promise<ExitCode> {
  const found: Answer<ServiceInfo>[] = answers.messages.flatMap((
    { node, message },
  ) =>
    message.services.filter((service) => service.id === id)
      .map((service) => ({ node, message: service }))
  );
  if (found.length === 0 && answers.messages.length > 0) {
    throw new CliError(
      "failure",
      `service "${id}" is not registered on any nodes`,
      { next: 'see "talosctl service"' },
    );
  }
  return await report(
    context,
    { ...answers, messages: found, schema: ServiceInfoSchema },
    (services) => renderService(services, context.clock.now()),
  );
}

export const service = leaf({
  name: "service",
  aliases: ["services"],
  summary: "List services, show one, start, stop or restart it",
  details:
    `Without arguments it lists all services. With an id it shows that one, its
health and its last events; an action after the id is one of start, stop,
restart, status (the default).`,
  args: {
    usage: "[<id> [start|stop|restart|status]]",
    min: 0,
    max: 2,
    complete: "service",
  },
  flags: {},
  async run(context) {
    const [id, action = "status"] = context.args;
    if (action !== "status" && !isChange(action)) {
      throw usageError(
        context,
        `unsupported service action "${action}": want start, stop, restart or status`,
      );
    }
    const session = await context.session();
    if (id !== undefined && isChange(action)) {
      return await change(context, session, { action, id });
    }
    const answers = await session.unary(MachineService.method.serviceList, {});
    if (id !== undefined) return await status(context, answers, id);
    return await report(
      context,
      answers,
      (lists) => renderServiceList(lists, context.clock.now()),
    );
  },
});
