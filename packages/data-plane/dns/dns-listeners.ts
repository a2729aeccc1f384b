import { randomInt } from 'node:crypto';
import type { DnsTable } from '@tulle/decision/tables/dns';
import type { Listener } from '@tulle/decision/tables/listener';
import type { Tables } from '@tulle/decision/tables/tables';
import type { TimerWheel } from '../timers/wheel.ts';
import { DnsServer } from './dns-server.ts';
import { Forwarder } from './forwarder.ts';
import { resolvConfFile } from './resolv-conf.ts';
import { Responder, type ResponderCounters } from './responder.ts';

type DnsListener = Listener & { readonly dns: DnsTable };

/** A DNS listener that serves, as statistics see it. */
export interface ActiveDns {
  readonly config: Listener;
  readonly responder: { readonly counters: Readonly<ResponderCounters> };
}

/** A DNS listener that could not be bound, and the system's error. */
export interface DnsFailure {
  readonly config: Listener;
  readonly error: Error;
}

interface Active extends ActiveDns {
  config: DnsListener;
  readonly responder: Responder;
  readonly forwarder: Forwarder;
  server: DnsServer | undefined;
}

/** The DNS listeners of a proxy, by address and port. */
export class DnsListeners {
  readonly #wheel: TimerWheel;
  readonly #active = new Map<string, Active>();

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  get active(): Iterable<ActiveDns> {
    return this.#active.values();
  }

  /**
   * A listener that stays answers from its new table at once; resolves when new ones are bound.
   * @returns those that could not be, with the system's error
   */
  async update(tables: Tables): Promise<readonly DnsFailure[]> {
    const wanted = new Map([...tables.listeners.values()].filter(answersDns).map((one) => [keyOf(one), one]));
    for (const [key, active] of this.#active) if (!wanted.has(key)) this.#close(key, active);
    const failures: DnsFailure[] = [];
    const binding = [...wanted].map(async ([key, config]) => {
      const known = this.#active.get(key);
      if (known !== undefined) {
        known.config = config;
        return;
      }
      const active = this.#create(config);
      this.#active.set(key, active);
      try {
        const server = await DnsServer.bind(config.address, config.port, active.responder, this.#wheel);
        // Removed while it was being bound.
        if (this.#active.get(key) === active) active.server = server;
        else server.close();
      } catch (error) {
        if (this.#active.get(key) === active) this.#active.delete(key);
        failures.push({ config, error: error as Error });
      }
    });
    await Promise.all(binding);
    return failures;
  }

  close(): void {
    for (const [key, active] of this.#active) this.#close(key, active);
  }

  #create(config: DnsListener): Active {
    const wheel = this.#wheel;
    const forwarder = new Forwarder({ wheel, randomId: () => randomInt(0x10000) });
    const active: Active = {
      config,
      forwarder,
      server: undefined,
      responder: new Responder({
        table: () => active.config.dns,
        system: resolvConfFile(() => wheel.now()),
        forwarder,
      }),
    };
    return active;
  }

  #close(key: string, { server, forwarder }: Active): void {
    this.#active.delete(key);
    server?.close();
    forwarder.close();
  }
}

const answersDns = (listener: Listener): listener is DnsListener => listener.dns !== undefined;
const keyOf = ({ address, port }: Listener): string => `${address} ${port}`;
