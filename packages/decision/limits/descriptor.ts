import { metadataAt } from '../dynamic-metadata.ts';
import { headerMatches } from '../match.ts';
import { type RoutedRequest, requestField } from '../routed-request.ts';
import type { SubstitutionContext } from '../substitution.ts';
import type { DescriptorAction, DescriptorRule } from '../tables/rate-limit.ts';
import { networkOf } from './network.ts';

/** What a request is counted by. */
export interface CountedRequest {
  readonly request: RoutedRequest;
  /** IP address of the client. */
  readonly clientAddress: string;
  /** For what texts refer to; made when one is rendered. */
  context(): SubstitutionContext;
}

/** Keys and values in turn, as the rule lists them. */
export type Descriptor = readonly string[];

const separator = '\0';

/** `descriptorOf` as one text: keys and values, none of which has the separator. */
export function descriptorKey(rule: DescriptorRule, counted: CountedRequest): string | undefined {
  let key = '';
  for (const action of rule.actions) {
    const value = entryValue(action, counted);
    if (value !== '')
      key += key === '' ? action.key + separator + value : separator + action.key + separator + value;
    else if (!maySkip(action)) return undefined;
  }
  return key;
}

export const keyOf = (descriptor: Descriptor): string => descriptor.join(separator);
export const ofKey = (key: string): Descriptor => key.split(separator);

/** The key of a rule that counts every request as the same; undefined: it looks at the request. */
export function constantKey({ actions }: DescriptorRule): string | undefined {
  const entries = actions.map((action) =>
    action.kind === 'text' && typeof action.render === 'string' ? [action.key, action.render] : undefined,
  );
  return entries.every((entry) => entry !== undefined) ? keyOf(entries.flat()) : undefined;
}

/** What a rule counts a request as; undefined: it does not count it. */
export function descriptorOf(rule: DescriptorRule, counted: CountedRequest): Descriptor | undefined {
  const entries: string[] = [];
  for (const action of rule.actions) {
    const value = entryValue(action, counted);
    if (value !== '') entries.push(action.key, value);
    else if (!maySkip(action)) return undefined;
  }
  return entries;
}

/** Whether a rule goes on without the entry. */
const maySkip = (action: DescriptorAction): boolean => 'skipIfAbsent' in action && action.skipIfAbsent;

/** Empty: the request has no such thing. */
function entryValue(action: DescriptorAction, counted: CountedRequest): string {
  switch (action.kind) {
    case 'text':
      return typeof action.render === 'string' ? action.render : action.render(counted.context());
    case 'header':
      return requestField(counted.request, action.name) ?? '';
    case 'header-match':
      return matches(action.headers, counted.request) === action.expect ? action.value : '';
    case 'metadata': {
      const value = metadataAt(counted.request.metadata, action.filter, action.path);
      return typeof value === 'string' && value !== '' ? value : action.absent;
    }
    case 'client-address':
      return networkOf(counted.clientAddress, action.bits4, action.bits6);
  }
}

type HeaderMatches = Extract<DescriptorAction, { kind: 'header-match' }>['headers'];

function matches(headers: HeaderMatches, request: RoutedRequest): boolean {
  for (const match of headers) if (!headerMatches(match, requestField(request, match.name))) return false;
  return true;
}
