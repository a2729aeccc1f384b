import type { JsonObject } from '@tulle/xds/json';
import { at, list, text } from '../../api/config-dump.ts';
import { durationWords } from './duration-words.ts';

/** What a limit's filter says, whichever listener or chain it is in. */
export interface LimitWords {
  /** `rate limit default/reviews`. */
  readonly fact: string;
  /** `all: 100 per 1 s, 200 at once`. */
  readonly words: string;
}

/** An HTTP filter that limits, in the words of the policy that it is of (docs/architecture.md, Limits); undefined: another filter. */
export function limitWords(filter: JsonObject): LimitWords | undefined {
  const [, kind, namespace, rest = ''] =
    /^tulle\.(rate-limit|bandwidth)\.([^.]+)\.(.+)$/.exec(text(filter, 'name')) ?? [];
  if (kind === undefined) return undefined;
  const config = at(filter, 'typedConfig');
  if (kind === 'bandwidth') {
    const [, name, direction] = /^(.+)\.(request|response)$/.exec(rest) ?? [];
    const rate = text(config, 'limitKbps') || text(config, 'value', 'kibibytesPerSecond');
    if (rate === '') return undefined;
    return { fact: `bandwidth limit ${namespace}/${name}, ${direction}s`, words: `${rate} KiB/s` };
  }
  const limits = list(config, 'descriptors').length > 0 ? local(config) : global(config);
  return limits.length === 0
    ? undefined
    : { fact: `rate limit ${namespace}/${rest}`, words: [...limits, ...enforcement(config)].join('; ') };
}

/** Of the key under which all its descriptors begin: `default/reviews/users` ⇒ `users`. */
const nameOf = (limit: string): string => limit.slice(limit.lastIndexOf('/') + 1);

function local(config: unknown): string[] {
  return list(config, 'descriptors').map((descriptor) => {
    const [first, ...others] = list(descriptor, 'entries');
    const values = others
      .map((entry) => text(entry, 'value').replace(/^=/, ''))
      .filter((value) => value !== '');
    const bucket = at(descriptor, 'tokenBucket');
    const [fill, most] = [text(bucket, 'tokensPerFill'), text(bucket, 'maxTokens')];
    const rate = `${fill} per ${durationWords(at(bucket, 'fillInterval')) ?? '?'}`;
    const who = values.length > 0 ? ` (${values.join(', ')})` : others.length > 0 ? ' each' : '';
    return `${nameOf(text(first, 'value'))}${who}: ${rate}${most === fill ? '' : `, ${most} at once`}`;
  });
}

/** Quotas travel in the descriptors: `100/60`, then those of named values (decision 0013). */
function global(config: unknown): string[] {
  return list(config, 'rateLimits').flatMap((rule) => {
    const keys = list(rule, 'actions').map((action) => [
      text(action, 'genericKey', 'descriptorKey'),
      text(action, 'genericKey', 'descriptorValue'),
    ]);
    const [plain = '', ...overrides] = (keys.find(([key]) => key === 'quota')?.[1] ?? '').split('\t');
    const [requests, seconds] = plain.split('/');
    if (seconds === undefined) return [];
    const others = overrides.length === 0 ? '' : `, others for ${overrides.length} of the values`;
    return [`${nameOf(keys[0]?.[1] ?? '')}: ${requests} per ${seconds} s of all proxies${others}`];
  });
}

/** Where not every request above is refused. */
function enforcement(config: unknown): string[] {
  const enforced = text(config, 'filterEnforced', 'defaultValue', 'numerator');
  const percent = enforced === '' ? 100 : Number(enforced) / 10_000;
  if (percent === 0) return ['refuses nothing'];
  return percent === 100 ? [] : [`refuses ${percent} % of what is above`];
}
