import type { Tables } from '@tulle/decision/tables';
import { type Admin, type AdminOptions, startAdmin } from '../admin/admin.ts';
import { observeSources } from '../admin/envoy-metrics.ts';
import type { Bootstrap } from '../bootstrap.ts';
import type { Configuration, ConfigurationWatcher } from '../config/subscription.ts';
import type { ProxyIdentity } from '../identity/identity.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import { followConfiguration, followIdentity } from './follow.ts';
import { gatherStatistics, reportStatistics } from './gather.ts';
import { Lead } from './lead.ts';
import type { ParentLink } from './parent-link.ts';

/** What one process of a proxy does that another does not: who enrols, subscribes and answers for all. */
export interface Part {
  /** Undefined: another worker answers. */
  admin(options: AdminOptions): Promise<Admin> | undefined;
  /** `start`: as a proxy of one process would. */
  identity(start: () => Promise<ProxyIdentity>): Promise<ProxyIdentity>;
  configuration(
    start: (watcher?: ConfigurationWatcher) => Configuration,
    onTables: (tables: Tables) => void,
  ): Configuration;
}

/** The part of a process that is alone: everything. */
function alone(parent: ParentLink | undefined): Part {
  return {
    admin: (options) => startAdmin({ ...options, ...(parent === undefined ? {} : { sockets: parent }) }),
    identity: (start) => start(),
    configuration: (start) => start(),
  };
}

function leading(parent: ParentLink, wheel: TimerWheel): Part {
  const lead = new Lead(parent);
  return {
    admin(options) {
      reportStatistics(parent, options.sources);
      const gather = gatherStatistics(parent, wheel, options.sources);
      return startAdmin({ ...options, sockets: parent, gather });
    },
    async identity(start) {
      const identity = await start();
      identity.onRotate(() => lead.identityChanged());
      return identity;
    },
    configuration(start) {
      const configuration = start(lead);
      lead.lead(configuration);
      return configuration;
    },
  };
}

function following(parent: ParentLink, bootstrap: Bootstrap): Part {
  return {
    admin({ sources }) {
      observeSources(sources);
      reportStatistics(parent, sources);
      return undefined;
    },
    identity: () => followIdentity(parent, bootstrap, Date.now),
    configuration: (_, onTables) => followConfiguration(parent, onTables),
  };
}

export function partOf(parent: ParentLink | undefined, bootstrap: Bootstrap, wheel: TimerWheel): Part {
  if (parent === undefined || !parent.shared) return alone(parent);
  return parent.leads ? leading(parent, wheel) : following(parent, bootstrap);
}
