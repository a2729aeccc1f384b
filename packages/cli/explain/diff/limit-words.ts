import { STATUS_CODES } from 'node:http';
import { headerWords } from '@tulle/data-plane/explain/match-words';
import type { JsonObject } from '@tulle/xds/json';
import type { route_HeaderMatcher } from '@tulle/xds/wire';
import { at, isObject, type Json, list, text } from '../../api/config-dump.ts';
import { destinationName } from './destination-name.ts';
import { durationWords } from './duration-words.ts';

/** What a limit's filter says, whichever listener or chain it is in. */
export interface LimitWords {
  /** `rate limit default/reviews`. */
  readonly fact: string;
  /** `all: 100 per 1 s, 200 at once`; empty: nothing by itself, routes say what. */
  readonly words: string;
}

/** An HTTP filter that limits, in the words of the policy that it is of (docs/architecture.md, Limits); undefined: another filter. */
export function limitWords(filter: JsonObject): LimitWords | undefined {
  const [, kind, namespace, rest = ''] =
    /^tulle\.(rate-limit|bandwidth)\.([^.]+)\.(.+)$/.exec(text(filter, 'name')) ?? [];
  if (kind === undefined) return undefined;
  const config = at(filter, 'typedConfig');
  if (kind === 'bandwidth') return bandwidth(`bandwidth limit ${namespace}/`, rest, config);
  const form = text(config, 'value', 'form');
  if (form !== '')
    return {
      fact: `rate limit ${namespace}/${rest.replace(/\.fields$/, '')}, fields of answers`,
      words: form === 'structured' ? 'RateLimit' : 'ratelimit-limit, -remaining, -reset',
    };
  const limits = list(config, 'descriptors').length > 0 ? local(config) : global(config);
  return { fact: `rate limit ${namespace}/${rest}`, words: [...limits, ...refusal(config)].join('; ') };
}

/** Envoy's filter for one direction, `files.request`, or our own, which has both and a scope, in bytes. */
function bandwidth(fact: string, rest: string, config: unknown): LimitWords {
  const name = rest.replace(/\.(request|response)$/, '');
  if (text(config, 'enableMode') !== '' || text(config, 'limitKbps') !== '') {
    const direction = rest.slice(name.length + 1);
    const kibibytes = text(config, 'limitKbps');
    return { fact: `${fact}${name}, ${direction}s`, words: kibibytes === '' ? '' : `${kibibytes} KiB/s` };
  }
  const rates = ['request', 'response'].flatMap((direction) => {
    const bytes = Number(text(config, 'value', direction));
    return bytes > 0 ? [`${direction}s ${bytes / 1024} KiB/s`] : [];
  });
  const scope = text(config, 'value', 'scope').toLowerCase();
  const each = scope === 'source' || scope === 'connection' ? ` for each ${scope}` : '';
  return { fact: `${fact}${name}`, words: rates.length === 0 ? '' : `${rates.join(', ')}${each}` };
}

/** Of the key under which all its descriptors begin: `default/reviews/users` ⇒ `users`. */
const nameOf = (limit: string): string => limit.slice(limit.lastIndexOf('/') + 1);

function local(config: unknown): string[] {
  const rules = new Map(
    list(config, 'rateLimits').flatMap((rule) => {
      const { limit, counted } = readRule(rule);
      return limit === undefined ? [] : [[limit, counted] as const];
    }),
  );
  return list(config, 'descriptors').map((descriptor) => {
    const [first, ...others] = list(descriptor, 'entries');
    const values = others
      .map((entry) => text(entry, 'value').replace(/^=/, ''))
      .filter((value) => value !== '');
    const bucket = at(descriptor, 'tokenBucket');
    const [fill, most] = [text(bucket, 'tokensPerFill'), text(bucket, 'maxTokens')];
    const rate = `${fill} per ${durationWords(at(bucket, 'fillInterval')) ?? '?'}`;
    const limit = text(first, 'value');
    const { by = [], matches = [] } = rules.get(limit) ?? {};
    const who =
      values.length > 0 ? ` (${values.join(', ')})` : others.length > 0 && by.length === 0 ? ' each' : '';
    const each = values.length > 0 ? [] : eachWords(by);
    const atOnce = most === fill ? [] : [`${most} at once`];
    return [`${nameOf(limit)}${who}: ${rate}`, ...atOnce, ...each, ...matchedWords(matches)].join(', ');
  });
}

/** Quotas travel in the descriptors: `100/60`, then those of named values (decision 0013). */
function global(config: unknown): string[] {
  const rules = list(config, 'rateLimits').flatMap((rule) => ruleWords(rule) ?? []);
  const all = rules.map(({ fact, words }) => `${nameOf(fact)}: ${words}`);
  // A policy for routes: they say what is counted.
  return all.length === 0 ? ['counted by all proxies together'] : all;
}

/** What a rule counts apart, and of which requests. */
interface Counted {
  readonly by: readonly string[];
  readonly matches: readonly string[];
}

interface Rule {
  /** `default/reviews/users`; undefined: nobody's policy. */
  readonly limit?: string;
  readonly quota?: string;
  readonly counted: Counted;
}

function readRule(rule: unknown): Rule {
  const [first, ...others] = list(rule, 'actions');
  const own = isObject(first?.headerValueMatch) ? first.headerValueMatch : first?.genericKey;
  const matches = list(own, 'headers').map((one) => headerWords(one as unknown as route_HeaderMatcher));
  const isQuota = (action: Json): boolean => text(action, 'genericKey', 'descriptorKey') === 'quota';
  const quota = others.find(isQuota);
  const by = others.filter((action) => !isQuota(action)).map(valueWords);
  return {
    ...(text(own, 'descriptorKey') === 'limit' && { limit: text(own, 'descriptorValue') }),
    ...(quota !== undefined && { quota: text(quota, 'genericKey', 'descriptorValue') }),
    counted: { by, matches },
  };
}

const eachWords = (by: readonly string[]): string[] =>
  by.length === 0 ? [] : [`for each ${by.join(' and ')}`];
const matchedWords = (matches: readonly string[]): string[] =>
  matches.length === 0 ? [] : [`where ${matches.join(' and ')}`];

/** What a route, or a filter for all of its requests, has counted; undefined: nobody's policy. */
export function ruleWords(rule: unknown): LimitWords | undefined {
  const { limit, quota = '', counted } = readRule(rule);
  if (limit === undefined) return undefined;
  const [plain = '', ...overrides] = quota.split('\t');
  const [requests, seconds] = plain.split('/');
  const parts = [
    seconds === undefined ? 'counts' : `${requests} per ${seconds} s of all proxies`,
    ...eachWords(counted.by),
    ...(overrides.length === 0
      ? []
      : [`others for ${overrides.map((one) => one.replace(/^\["=?|"\]/g, '')).join(', ')}`]),
    ...matchedWords(counted.matches),
  ];
  return { fact: `limit ${limit}`, words: parts.join(', ') };
}

const operators: Readonly<Record<string, string>> = {
  '%DOWNSTREAM_PEER_URI_SAN%': 'identity',
  '%VIRTUAL_HOST_NAME%': 'destination',
  '%REQ(:METHOD)%': 'method',
};

/** `=%REQ(end-user)%` ⇒ `end-user`. */
function valueWords(action: Json): string {
  const template = text(action, 'genericKey', 'descriptorValue').replace(/^=/, '');
  if (template !== '') return operators[template] ?? /%REQ\(([^)]+)\)%/.exec(template)?.[1] ?? template;
  const mask = action.maskedRemoteAddress;
  if (isObject(mask)) return `network (/${text(mask, 'v4PrefixMaskLen')}, /${text(mask, 'v6PrefixMaskLen')})`;
  return action.remoteAddress === undefined ? 'claim of the token' : 'address';
}

/** What is not as it is where a policy says nothing. */
function refusal(config: unknown): string[] {
  const percent = (field: string): number => {
    const numerator = text(config, field, 'defaultValue', 'numerator');
    return numerator === '' ? 100 : Number(numerator) / 10_000;
  };
  const [enabled, enforced] = [percent('filterEnabled'), percent('filterEnforced')];
  const status = statusOf(text(config, 'status', 'code') || text(config, 'rateLimitedStatus', 'code'));
  const headers = list(config, 'responseHeadersToAdd')
    .map(({ header }) => `${text(header, 'key')}: ${text(header, 'value')}`)
    .filter((header) => header !== 'x-envoy-ratelimited: true');
  const most = text(config, 'maxDynamicDescriptors');
  const wait = durationWords(at(config, 'timeout'));
  const service = text(config, 'rateLimitService', 'grpcService', 'envoyGrpc', 'clusterName');
  const told: readonly (readonly [boolean, string])[] = [
    [at(config, 'localRateLimitPerDownstreamConnection') === true, 'each connection for itself'],
    [enabled !== 100, `of ${enabled} % of the requests`],
    [enforced === 0, 'refuses nothing'],
    [enforced > 0 && enforced !== 100, `refuses ${enforced} % of what is above`],
    [status !== '' && status !== '429', `answers ${status}`],
    [headers.length > 0, `with ${headers.join(', ')}`],
    [at(config, 'rateLimitedAsResourceExhausted') === true, 'gRPC calls RESOURCE_EXHAUSTED'],
    [at(config, 'enableRetryAfterHeader') === false, 'without retry-after'],
    [
      text(config, 'enableXRatelimitHeaders').startsWith('DRAFT'),
      'tells x-ratelimit-limit, -remaining, -reset',
    ],
    [most !== '' && most !== '10000', `${most} values at most`],
    [service !== '' && service !== ownService, `asks ${destinationName(service)}`],
    [wait !== undefined && wait !== '100 ms', `waits ${wait} for it`],
    [at(config, 'failureModeDeny') === true, 'refuses while it does not answer'],
  ];
  return told.flatMap(([holds, words]) => (holds ? [words] : []));
}

/** envoy.type.v3.StatusCode: `ServiceUnavailable` ⇒ `503`. */
const statusOf = (name: string): string =>
  Object.entries(STATUS_CODES).find(([, phrase]) => phrase?.replace(/\W/g, '') === name)?.[0] ?? name;

const ownService = 'outbound|8081||rate-limit.tulle-system.svc.cluster.local';
