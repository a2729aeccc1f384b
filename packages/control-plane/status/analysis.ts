import { fieldsOf } from '@tulle/resources/json-object';
import { analyzeInSteps, sorted } from '../analyze/analyze.ts';
import { byResource, documentationUrl } from '../analyze/format.ts';
import type { Finding, Message } from '../analyze/message.ts';
import type { Model } from '../model/model.ts';
import type { Breather } from './breather.ts';

/** Time itself changes what is found: it is looked at once an hour. */
export const hourMs = 3_600_000;

/** What an analysis finds in the mesh, kept until configuration or what runs changes, or for an hour. */
export class Analysis {
  readonly #now: () => number;
  #config: Model['config'] | undefined;
  #running: Model['instances']['running'] | undefined;
  #gateways: Model['networks']['gateways'] | undefined;
  #hour = 0;
  #found: ReadonlyMap<string, readonly Finding[]> = new Map();

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Looks again if there is something new; proxies are served between its steps. */
  async update(model: Model, breather: Breather): Promise<void> {
    // Instances' number, health and addresses change often, and tell nothing but of gateways between networks.
    const { running } = model.instances;
    const { gateways } = model.networks;
    // Certificates grow old by themselves.
    const hour = Math.floor(this.#now() / hourMs);
    const isSameMesh = model.config === this.#config && running === this.#running;
    if (isSameMesh && gateways === this.#gateways && hour === this.#hour) return;
    const found: Finding[] = [];
    for (const step of analyzeInSteps(model, { now: this.#now(), whole: true })) {
      found.push(...step);
      const pause = breather.pause();
      if (pause !== undefined) await pause;
    }
    this.#found = byResource(sorted(found));
    this.#config = model.config;
    this.#running = running;
    this.#gateways = gateways;
    this.#hour = hour;
  }

  /** By `resourceKey`, the worst first. */
  of(key: string): readonly Finding[] {
    return this.#found.get(key) ?? [];
  }
}

interface ValidationMessage {
  readonly documentationUrl: string;
  readonly level: string;
  readonly type: { readonly code: string; readonly name: string };
}

/** A status with Istio's `validationMessages` (AnalysisMessageBase), one per code; the same object when nothing differs. */
export function withValidationMessages(status: unknown, findings: readonly Finding[]): unknown {
  const current = fieldsOf(status);
  const { validationMessages: before, ...rest } = current;
  const codes = [...new Set(findings.map(({ message }) => message))];
  const known = Array.isArray(before) ? (before as readonly ValidationMessage[]) : [];
  const isSame =
    known.length === codes.length &&
    codes.every(
      ({ code, level }, index) =>
        known[index]?.type?.code === code && known[index].level === level.toUpperCase(),
    );
  if (isSame && (before === undefined) === (codes.length === 0)) return status;
  return codes.length === 0 ? rest : { ...current, validationMessages: codes.map(validationMessage) };
}

const validationMessage = (message: Message): ValidationMessage => ({
  documentationUrl: documentationUrl(message),
  level: message.level.toUpperCase(),
  type: { code: message.code, name: message.name },
});
