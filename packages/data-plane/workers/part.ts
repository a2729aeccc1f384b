import type { Tables } from '@tulle/decision/tables/tables';
import { type Admin, type AdminOptions, startAdmin } from '../admin/admin.ts';
import { observeSources } from '../admin/envoy-metrics.ts';
import type { AdminSources } from '../admin/sources.ts';
import type { Bootstrap } from '../bootstrap.ts';
import type { Configuration, ConfigurationOptions } from '../config/subscription.ts';
import type { ProxyIdentity } from '../identity/identity.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import { followConfiguration, followIdentity } from './follow.ts';
import { gatherStatistics, reportStatistics } from './gather.ts';
import { Lead } from './lead.ts';
import { askNewest, Newest } from './newest.ts';
import type { ParentLink } from './parent-link.ts';

/** What one process of a proxy does that another does not: who enrols, subscribes and answers for all. */
export interface Part {
  /** Undefined: another worker answers. */
  admin(options: AdminOptions): Promise<Admin> | undefined;
  /** `start`: as a proxy of one process would. */
  identity(start: () => Promise<ProxyIdentity>): Promise<ProxyIdentity>;
  configuration(
    start: (more: StartConfiguration) => Configuration,
    onTables: (tables: Tables) => void,
  ): Promise<Configuration>;
}

type StartConfiguration = Pick<ConfigurationOptions, 'watcher' | 'newest'>;

/** The part of a process that is alone: everything. */
function alone(parent: ParentLink | undefined, wheel: TimerWheel): Part {
  return {
    admin: (options) => startAdmin({ ...options, ...(parent === undefined ? {} : { sockets: parent }) }),
    identity: (start) => start(),
    configuration: parent === undefined ? async (start) => start({}) : startingFromNewest(parent, wheel),
  };
}

function leading(parent: ParentLink, wheel: TimerWheel): Part {
  const lead = new Lead(parent);
  const startFromNewest = startingFromNewest(parent, wheel);
  return {
    admin(options) {
      reportStatistics(parent, options.sources);
      const sources = forAll(parent, options.sources);
      return startAdmin({
        ...options,
        sources,
        sockets: parent,
        gather: gatherStatistics(parent, wheel, sources),
      });
    },
    async identity(start) {
      const identity = await start();
      identity.onRotate(() => lead.identityChanged());
      return identity;
    },
    async configuration(start) {
      const configuration = await startFromNewest((more) => start({ ...more, watcher: lead }));
      lead.lead(configuration);
      return configuration;
    },
  };
}

/** Starts from what another worker has, and tells others what there is from then on. */
function startingFromNewest(
  parent: ParentLink,
  wheel: TimerWheel,
): (start: (more: StartConfiguration) => Configuration) => Promise<Configuration> {
  const known = new Newest(parent);
  return async (start) => {
    const newest = await askNewest(parent, wheel);
    const configuration = start(newest === undefined ? {} : { newest });
    known.tell(configuration);
    return configuration;
  };
}

/** What is asked of one is done by all. */
function forAll(parent: ParentLink, sources: AdminSources): AdminSources {
  return {
    ...sources,
    drainListeners(graceful) {
      parent.tell('others', { kind: 'drain', graceful });
      sources.drainListeners(graceful);
    },
    quit() {
      parent.tell('others', { kind: 'quit' });
      sources.quit();
    },
  };
}

function following(parent: ParentLink, bootstrap: Bootstrap): Part {
  const known = new Newest(parent);
  return {
    admin({ sources }) {
      observeSources(sources);
      reportStatistics(parent, sources);
      parent.onTold((message, from) => {
        if (!parent.isOfUs(from)) return;
        if (message.kind === 'drain') sources.drainListeners(message.graceful);
        else if (message.kind === 'quit') sources.quit();
      });
      return undefined;
    },
    identity: () => followIdentity(parent, bootstrap, Date.now),
    async configuration(_, onTables) {
      const configuration = followConfiguration(parent, onTables);
      known.tell(configuration);
      return configuration;
    },
  };
}

/** Alone, unless there are other workers: then slot 0 leads and the others follow. */
export function partOf(parent: ParentLink | undefined, bootstrap: Bootstrap, wheel: TimerWheel): Part {
  if (parent === undefined || !parent.shared) return alone(parent, wheel);
  return parent.leads ? leading(parent, wheel) : following(parent, bootstrap);
}
