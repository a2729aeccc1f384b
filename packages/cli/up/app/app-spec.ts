import type { InstancePorts } from '../ports/instance-ports.ts';
import type { LoggedChildSpec } from '../process/child.ts';
import type { WorkloadPlan } from '../workload-plan.ts';
import { inheritedEnv } from './app-env.ts';
import { captureEnv } from './env-capture.ts';
import { limitedCommand } from './resource-limits.ts';
import type { UserIds } from './user.ts';

/** The process of an instance's application: where its calls go, what it is told of itself, and last what it asked for. */
export function appSpec(input: {
  readonly plan: Pick<WorkloadPlan, 'name' | 'namespace' | 'limits' | 'cwd'>;
  readonly command: readonly [string, ...string[]];
  readonly instance: string;
  readonly ports: InstancePorts;
  /** The supervisor's environment. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  /** Variables of the Workload. */
  readonly own: Readonly<Record<string, string>>;
  readonly user: Partial<UserIds>;
  /** Its cgroup, where traffic is redirected. */
  readonly group: LoggedChildSpec['group'] | undefined;
  readonly logPath: string;
}): LoggedChildSpec {
  const { plan, instance, ports, group } = input;
  const [command, ...args] = limitedCommand(input.command, plan.limits);
  return {
    name: instance,
    role: 'app',
    command,
    args,
    env: {
      ...inheritedEnv(input.inherited),
      ...captureEnv({ ports: ports.inbound, httpProxyPort: ports.httpProxy, upstreams: ports.upstreams }),
      TULLE_INSTANCE: instance,
      TULLE_NAMESPACE: plan.namespace,
      TULLE_WORKLOAD: plan.name,
      ...input.own,
    },
    cwd: plan.cwd,
    ...input.user,
    ...(group === undefined ? {} : { group }),
    logPath: input.logPath,
    lifeline: false,
  };
}
