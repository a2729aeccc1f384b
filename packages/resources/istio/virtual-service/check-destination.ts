import { error, type Finding } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import { isHostName, isIpAddress } from '../../schema/host.ts';
import { isIstioLabel } from '../../schema/name.ts';
import type { Destination, HeaderOperations, HeadersPolicy } from './destination.ts';

export function checkDestination(destination: Destination, path: FieldPath): Finding[] {
  const { host, subset } = destination;
  const found: Finding[] = [];
  if (host === '' || (!isHostName(host, false) && !isIpAddress(host))) {
    found.push(
      error(
        'bad-host',
        [...path, 'host'],
        host === '*' ? 'must name one host, not "*"' : `must be a host name, not ${JSON.stringify(host)}`,
      ),
    );
  }
  if (subset !== undefined && subset !== '' && !isIstioLabel(subset)) {
    found.push(
      error(
        'bad-name',
        [...path, 'subset'],
        `must be letters, digits and "-", not ${JSON.stringify(subset)}`,
      ),
    );
  }
  return found;
}

/** A header's name: an RFC 9110 token. */
export const isHeaderName = (name: string): boolean => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name);

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what RFC 9110 section 5.5 forbids
const isHeaderValue = (value: string): boolean => /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/.test(value);

/** What Envoy puts a value for: `%%` is a percent sign. */
const substitution = /%(?:%|[A-Z0-9_]+(?:\([^)]*\))?(?::\d+)?%)/g;

/** Headers to change: names that may be changed, values that can be sent; `:authority` in requests alone. */
export function checkHeaders(headers: HeadersPolicy | undefined, path: FieldPath): Finding[] {
  return (['request', 'response'] as const).flatMap((side) => {
    const operations = headers?.[side];
    return operations === undefined
      ? []
      : checkOperations(operations, [...path, 'headers', side], side === 'request');
  });
}

function checkOperations(operations: HeaderOperations, path: FieldPath, request: boolean): Finding[] {
  const found: Finding[] = [];
  for (const verb of ['set', 'add'] as const) {
    for (const [name, value] of Object.entries(operations[verb] ?? {})) {
      const authority = request && /^(:authority|host)$/i.test(name);
      if (!authority) found.push(...checkChangeable(name, [...path, verb, name]));
      if (!isHeaderValue(value))
        found.push(error('bad-header', [...path, verb, name], 'must not contain control characters'));
      if (!authority && value.replace(substitution, '').includes('%'))
        found.push(
          error(
            'bad-header',
            [...path, verb, name],
            'has a "%" that begins nothing such as %REQ(x-user)%; write "%%" for a percent sign',
          ),
        );
    }
  }
  for (const [index, name] of (operations.remove ?? []).entries())
    found.push(...checkChangeable(name, [...path, 'remove', index]));
  return found;
}

function checkChangeable(name: string, path: FieldPath): Finding[] {
  if (name.startsWith(':') || /^host$/i.test(name))
    return [error('bad-header', path, `cannot be changed here: ${name}`)];
  return isHeaderName(name)
    ? []
    : [error('bad-header', path, `must be a header name, not ${JSON.stringify(name)}`)];
}
