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
    return bandwidth(`bandwidth limit ${namespace}/`, rest, config);
  }
  // What only names the fields of answers counts nothing.
  if (rest.endsWith('.fields')) return undefined;
  const limits = list(config, 'descriptors').length > 0 ? local(config) : global(config);
  return { fact: `rate limit ${namespace}/${rest}`, words: [...limits, ...enforcement(config)].join('; ') };
}

/** Envoy's filter for one direction, `files.request`, or our own, which has both and a scope, in bytes. */
function bandwidth(fact: string, rest: string, config: unknown): LimitWords | undefined {
  const name = rest.replace(/\.(request|response)$/, '');
  const kibibytes = text(config, 'limitKbps');
  if (kibibytes !== '') {
    const direction = rest.slice(name.length + 1);
    return { fact: `${fact}${name}, ${direction}s`, words: `${kibibytes} KiB/s` };
  }
  const rates = ['request', 'response'].flatMap((direction) => {
    const bytes = Number(text(config, 'value', direction));
    return bytes > 0 ? [`${direction}s ${bytes / 1024} KiB/s`] : [];
  });
  if (rates.length === 0) return undefined;
  const scope = text(config, 'value', 'scope').toLowerCase();
  const each = scope === 'source' || scope === 'connection' ? ` for each ${scope}` : '';
  return { fact: `${fact}${name}`, words: `${rates.join(', ')}${each}` };
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
  const rules = list(config, 'rateLimits').flatMap((rule) => ruleWords(rule) ?? []);
  const all = rules.map(({ fact, words }) => `${nameOf(fact)}: ${words}`);
  // A policy for routes: they say what is counted.
  return all.length === 0 ? ['counted by all proxies together'] : all;
}

/** What a route, or a filter for all of its requests, has counted; undefined: nobody's policy. */
export function ruleWords(rule: unknown): LimitWords | undefined {
  const [first, ...others] = list(rule, 'actions').map((action) => ({
    key: text(action, 'genericKey', 'descriptorKey'),
    value: text(action, 'genericKey', 'descriptorValue'),
  }));
  if (first?.key !== 'limit') return undefined;
  const [plain = '', ...overrides] = (others.find(({ key }) => key === 'quota')?.value ?? '').split('\t');
  const [requests, seconds] = plain.split('/');
  const by = others.filter(({ key }) => key !== 'quota').map(({ value }) => valueWords(value));
  const parts = [
    seconds === undefined ? 'counts' : `${requests} per ${seconds} s of all proxies`,
    ...(by.length === 0 ? [] : [`for each ${by.join(' and ')}`]),
    ...(overrides.length === 0 ? [] : [`others for ${overrides.length} of them`]),
  ];
  return { fact: `limit ${first.value}`, words: parts.join(', ') };
}

/** `=%REQ(end-user)%` ⇒ `end-user`. */
const valueWords = (template: string): string =>
  /%REQ\(([^)]+)\)%/.exec(template)?.[1] ?? template.replace(/^=/, '');

/** Where not every request above is refused. */
function enforcement(config: unknown): string[] {
  const enforced = text(config, 'filterEnforced', 'defaultValue', 'numerator');
  const percent = enforced === '' ? 100 : Number(enforced) / 10_000;
  if (percent === 0) return ['refuses nothing'];
  return percent === 100 ? [] : [`refuses ${percent} % of what is above`];
}
