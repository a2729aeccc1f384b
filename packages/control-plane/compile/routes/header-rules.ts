import type { MessageInitShape } from '@bufbuild/protobuf';
import { emptySubstitutions } from '@tulle/decision/substitution';
import {
  HeaderValueOption_HeaderAppendAction,
  type HeaderValueOptionSchema,
} from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type { HeaderOperations, HeaderRules } from '../../model/istio.ts';
import { compare } from '../../model/origin.ts';

type HeaderOption = MessageInitShape<typeof HeaderValueOptionSchema>;

/** Envoy's four lists, and the Host that `set` or `add` of `host` asks for. */
export interface HeaderLists {
  readonly requestHeadersToAdd: HeaderOption[];
  readonly requestHeadersToRemove: string[];
  readonly responseHeadersToAdd: HeaderOption[];
  readonly responseHeadersToRemove: string[];
  readonly authority: string | undefined;
}

/** Istio's `headers`: `set` before `add`, by name; pseudo-fields and Host can't be changed by Envoy's lists. */
export function headerLists(rules: HeaderRules | undefined): HeaderLists {
  const { request = {}, response = {} } = rules ?? {};
  return {
    requestHeadersToAdd: additions(request),
    requestHeadersToRemove: removals(request),
    responseHeadersToAdd: additions(response),
    responseHeadersToRemove: removals(response),
    authority: authorityOf(request.set) ?? authorityOf(request.add),
  };
}

/** What `%…%` in the values our own proxy has no value for. */
export function emptyOperators(rules: HeaderRules | undefined): readonly string[] {
  const values = [rules?.request, rules?.response].flatMap((side) => [
    ...Object.values(side?.set ?? {}),
    ...Object.values(side?.add ?? {}),
  ]);
  return values.flatMap(emptySubstitutions);
}

/** Both lists, the second's after the first's: a route's, then its only destination's. */
export function joined(first: HeaderLists, second: HeaderLists): HeaderLists {
  return {
    requestHeadersToAdd: [...first.requestHeadersToAdd, ...second.requestHeadersToAdd],
    requestHeadersToRemove: [...first.requestHeadersToRemove, ...second.requestHeadersToRemove],
    responseHeadersToAdd: [...first.responseHeadersToAdd, ...second.responseHeadersToAdd],
    responseHeadersToRemove: [...first.responseHeadersToRemove, ...second.responseHeadersToRemove],
    authority: first.authority ?? second.authority,
  };
}

/** Only the lists, for a message; empty ones take no bytes. */
export function asFields({ authority: _, ...lists }: HeaderLists): Omit<HeaderLists, 'authority'> {
  return lists;
}

const additions = ({ set = {}, add = {} }: HeaderOperations): HeaderOption[] => [
  ...options(set, HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD),
  ...options(add, HeaderValueOption_HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD),
];

function options(
  fields: Readonly<Record<string, string>>,
  appendAction: HeaderValueOption_HeaderAppendAction,
): HeaderOption[] {
  return Object.entries(fields)
    .filter(([key]) => !isInternal(key))
    .toSorted(([a], [b]) => compare(a, b))
    .map(([key, value]) => ({ header: { key, value }, appendAction }));
}

const removals = ({ remove = [] }: HeaderOperations): string[] => remove.filter((name) => !isInternal(name));

const isInternal = (name: string): boolean => name.startsWith(':') || name.toLowerCase() === 'host';

function authorityOf(fields: Readonly<Record<string, string>> | undefined): string | undefined {
  return Object.entries(fields ?? {}).find(([name]) =>
    [':authority', 'host'].includes(name.toLowerCase()),
  )?.[1];
}
