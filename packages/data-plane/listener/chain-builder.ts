import type { HttpManager } from '@tulle/decision/tables/http-manager';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { Tables } from '@tulle/decision/tables/tables';
import { compileChain, type NamedFilter } from '../filters/chain.ts';
import type { FilterEnvironment } from '../filters/filter-kind.ts';
import { createFilters } from '../filters/index.ts';
import {
  ManagerCounters,
  ManagerRuntime,
  RouteMatchers,
  type StreamContext,
  type StreamLogger,
} from '../http/manager.ts';
import type { ChainRuntime, ChainService } from './chain-runtime.ts';

export interface ChainBuilderParts {
  readonly context: StreamContext;
  readonly environment: (listener: Listener) => FilterEnvironment;
  readonly loggers: (manager: HttpManager) => readonly StreamLogger[];
}

/** Turns chains of the tables into what serves them. What did not change is not made again. */
export class ChainBuilder {
  readonly #parts: ChainBuilderParts;
  readonly #matchers = new RouteMatchers();
  readonly #filters = new WeakMap<HttpManager, readonly NamedFilter[]>();
  readonly #counters = new Map<string, ManagerCounters>();

  constructor(parts: ChainBuilderParts) {
    this.#parts = parts;
  }

  get counters(): ReadonlyMap<string, ManagerCounters> {
    return this.#counters;
  }

  /** `before`: the same chain of the epoch before. */
  build(
    chain: FilterChain,
    listener: Listener,
    tables: Tables,
    before: ChainRuntime | undefined,
  ): ChainService {
    const { filter } = chain;
    if (filter.kind === 'tcp') return filter;
    const { manager: config } = filter;
    const known = before?.service.kind === 'http' ? before.service.manager : undefined;
    const table =
      config.routes.kind === 'inline' ? config.routes.table : tables.routes.get(config.routes.name);
    // A route table that is gone while its listener lives on serves until the listener follows.
    const matcher = table === undefined ? known?.matcher : this.#matchers.get(table, known?.matcher);
    if (known?.config === config && known.matcher === matcher) return { kind: 'http', manager: known };
    return {
      kind: 'http',
      manager: new ManagerRuntime({
        config,
        chain: compileChain(
          this.#filtersOf(config, listener).filter(
            ({ name, filter: { byRoute } }) => byRoute !== true || matcher?.filterNames.has(name) === true,
          ),
        ),
        matcher,
        context: this.#parts.context,
        loggers: known?.config === config ? known.loggers : this.#parts.loggers(config),
        counters: this.#countersOf(config.statPrefix),
      }),
    };
  }

  #filtersOf(config: HttpManager, listener: Listener): readonly NamedFilter[] {
    let filters = this.#filters.get(config);
    if (filters === undefined) {
      filters = createFilters(config.filters, this.#parts.environment(listener));
      this.#filters.set(config, filters);
    }
    return filters;
  }

  #countersOf(statPrefix: string): ManagerCounters {
    let counters = this.#counters.get(statPrefix);
    if (counters === undefined) {
      counters = new ManagerCounters();
      this.#counters.set(statPrefix, counters);
    }
    return counters;
  }
}
