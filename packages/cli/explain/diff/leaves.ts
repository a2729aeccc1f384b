import type { JsonObject, JsonValue } from '@tulle/xds/json';
import { durationWords } from './duration-words.ts';
import { checkWords, hashWords } from './item-words.ts';
import { limitWords, ruleWords } from './limit-words.ts';
import { plainPath, plainValue } from './plain-words.ts';

/** What only says where a message is from, or what it is called. */
const silent: ReadonlySet<string> = new Set([
  'metadata',
  '@type',
  'statPrefix',
  'altStatName',
  'name',
  'accessLog',
  'headersWithUnderscoresAction',
  'trafficDirection',
  // How a proxy finds a resource, not what that says.
  'configSource',
  'routeConfigName',
]);
/** Wrappers that say nothing to people. */
const wrappers = /\.?(typedConfig|socketAddress|typeUrl)(?=\.|\[|$)/g;
/** The routes of a workload's own ports. */
const inboundRoute = /^routeConfig\.virtualHosts\[[^\]]*\]\.routes\[[^\]]*\]\.(?:route\.)?/;
const perFilter = /^typedPerFilterConfig\.(envoy\.filters\.\w+\.)?/;

const plain = (path: string): string =>
  plainPath(path.replace(wrappers, '').replace(inboundRoute, '').replace(perFilter, ''));

/** Listener filters that find out what a connection is. */
const finders: ReadonlySet<string> = new Set(['tls_inspector', 'http_inspector', 'original_dst']);
const removal = /(?:^|\.)(request|response)HeadersToRemove$/;

/**
 * A message as flat facts, `retryPolicy.numRetries` ⇒ `2`: lists of what has names by their names, durations as
 * such, and nothing of what is off anyway.
 */
export function leavesOf(message: JsonObject): Map<string, string> {
  const all = new Map<string, string>();
  collect(message, '', all);
  return all;
}

function collect(value: JsonValue, path: string, all: Map<string, string>): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      const [, removed] = removal.exec(path) ?? [];
      if (removed !== undefined) {
        all.set(`${removed} header ${item}`, 'removed');
        return;
      }
      const header = headerOf(item);
      if (header !== undefined) {
        all.set(plain(`${path}[${header.name}]`), header.value);
        return;
      }
      const said = limitWords(item as JsonObject) ?? ruleWords(item) ?? hashWords(item) ?? checkWords(item);
      if (said !== undefined) {
        if (said.words !== '') all.set(said.fact, said.words);
        return;
      }
      const name = nameOf(item);
      if (path === 'listenerFilters' && finders.has(name ?? '')) return;
      const at = `${path}[${name ?? index}]`;
      if (name !== undefined) all.set(plain(at), 'yes');
      collect(item, at, all);
    });
  } else if (typeof value === 'object' && value !== null) {
    const said = durationWords(value) ?? percentageOf(value);
    if (said !== undefined) all.set(plain(path), said);
    else
      for (const [field, item] of Object.entries(value))
        if (!silent.has(field)) collect(item, path === '' ? field : `${path}.${field}`, all);
  } else if (value !== false && value !== '') all.set(plain(path), plainValue(String(value)));
}

/** envoy.config.core.v3.HeaderValueOption. */
function headerOf(item: JsonValue): { readonly name: string; readonly value: string } | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
  const { header, appendAction } = item;
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return undefined;
  if (header.key === undefined) return undefined;
  const replaces = String(appendAction ?? '').startsWith('OVERWRITE');
  return { name: String(header.key), value: `${String(header.value)}${replaces ? ' (replaces)' : ''}` };
}

function nameOf(item: JsonValue): string | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
  return typeof item.name === 'string' ? item.name.replace(/^envoy\.filters\.\w+\./, '') : undefined;
}

const denominators: Readonly<Record<string, number>> = {
  HUNDRED: 100,
  TEN_THOUSAND: 10_000,
  MILLION: 1_000_000,
};

/** envoy.type.v3.FractionalPercent. */
function percentageOf({ numerator, denominator, ...rest }: JsonObject): string | undefined {
  const of = denominators[String(denominator)];
  if (of === undefined || numerator === undefined || Object.keys(rest).length > 0) return undefined;
  return `${(Number(numerator) / of) * 100} %`;
}
