import type { WorkerSharing } from '../engine.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { ParentLink } from './parent-link.ts';

/**
 * What an engine shares through its parent: sockets always; limits, failures and health where there are other workers.
 *
 * @param clusters of the engine that is being made of it
 */
export function shareThrough(
  parent: ParentLink,
  wheel: TimerWheel,
  clusters: () => ClusterManager,
): WorkerSharing {
  const share = parent.permits(wheel);
  if (share === undefined) return { sockets: parent };
  parent.onTold((message, from) => {
    if (message.kind === 'outcome')
      clusters().get(message.cluster)?.outliers.hear(message.endpoint, message.status, message.local);
    else if (message.kind === 'ejected')
      clusters().get(message.cluster)?.outliers.hearEjected(message.endpoint);
    else if (message.kind === 'readmitted')
      clusters().get(message.cluster)?.outliers.hearReadmitted(message.endpoint);
    else if (!parent.isOfUs(from)) return;
    else if (message.kind === 'checked')
      clusters().get(message.cluster)?.health?.hear(message.endpoint, message.failing);
    else if (message.kind === 'checked?' && parent.leads) clusters().get(message.cluster)?.health?.tellAll();
  });
  return {
    sockets: parent,
    share,
    openBudget: parent.tokens(wheel),
    count: () => parent.others.filter((worker) => parent.isOfUs(worker)).length + 1,
    outcomes: (cluster) => ({
      counted: (endpoint, status, local) =>
        parent.tell('others', { kind: 'outcome', cluster, endpoint, status, local }),
      ejected: (endpoint) => parent.tell('others', { kind: 'ejected', cluster, endpoint }),
      readmitted: (endpoint) => parent.tell('others', { kind: 'readmitted', cluster, endpoint }),
    }),
    health: (cluster) => ({
      asks: parent.leads,
      tell: (endpoint, failing) => parent.tell('others', { kind: 'checked', cluster, endpoint, failing }),
      inquire: () => parent.tell('others', { kind: 'checked?', cluster }),
    }),
  };
}
