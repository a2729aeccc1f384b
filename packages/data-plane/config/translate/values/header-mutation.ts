import { compileSubstitution } from '@tulle/decision/substitution';
import type { HeaderMutation, HeaderValue } from '@tulle/decision/tables/header-mutation';
import type { core_HeaderValueOption } from '@tulle/xds/wire';
import { join, type Problems } from './problems.ts';

interface Mutations {
  readonly requestHeadersToAdd: readonly core_HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly core_HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

/** The four header lists that route configurations, virtual hosts, routes and weighted clusters share. */
export function translateMutations(
  of: Mutations,
  path: string,
  problems: Problems,
): { readonly requestHeaders: HeaderMutation; readonly responseHeaders: HeaderMutation } {
  const at = (field: string): string => join(path, field);
  return {
    requestHeaders: mutation(
      of.requestHeadersToAdd,
      of.requestHeadersToRemove,
      at('request_headers'),
      problems,
    ),
    responseHeaders: mutation(
      of.responseHeadersToAdd,
      of.responseHeadersToRemove,
      at('response_headers'),
      problems,
    ),
  };
}

/** Shared, as most are empty. */
const none: HeaderMutation = { set: [], add: [], remove: [] };
export const noMutations = { requestHeaders: none, responseHeaders: none };

function mutation(
  options: readonly core_HeaderValueOption[],
  removed: readonly string[],
  path: string,
  problems: Problems,
): HeaderMutation {
  if (options.length === 0 && removed.length === 0) return none;
  const set: HeaderValue[] = [];
  const add: HeaderValue[] = [];
  options.forEach((option, i) => {
    const at = `${path}_to_add[${i}]`;
    const value = headerValue(option, at, problems);
    if (value === undefined) return;
    // `append: false` is the older way of saying overwrite.
    const action = option.append === false ? 'OVERWRITE_IF_EXISTS_OR_ADD' : option.appendAction;
    if (action === 'OVERWRITE_IF_EXISTS_OR_ADD') set.push(value);
    else if (action === 'APPEND_IF_EXISTS_OR_ADD') add.push(value);
    else problems.add(`${at}.append_action`, `${action} is not supported`);
  });
  const remove = removed.map((name, i) => checkName(name, `${path}_to_remove[${i}]`, problems));
  return { set, add, remove };
}

function headerValue(
  { header, keepEmptyValue }: core_HeaderValueOption,
  path: string,
  problems: Problems,
): HeaderValue | undefined {
  const name = checkName(header?.key ?? '', `${path}.header.key`, problems);
  const raw = header?.rawValue.length ? Buffer.from(header.rawValue).toString('latin1') : '';
  const value = header?.value || raw;
  if (value === '' && !keepEmptyValue) return undefined;
  if (!/^[^\0\r\n]*$/.test(value)) problems.add(`${path}.header.value`, 'must not hold line breaks or NUL');
  const render = problems.attempt(`${path}.header.value`, () => compileSubstitution(value));
  return { name, value, ...(render === undefined ? {} : { render }) };
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Lower case. Pseudo-fields and Host are changed by rewrites, not here (as in Envoy). */
function checkName(name: string, path: string, problems: Problems): string {
  const lower = name.toLowerCase();
  if (!token.test(name)) problems.add(path, `"${name}" is no header name`);
  else if (lower === 'host') problems.add(path, 'host is changed by a host rewrite');
  return lower;
}
