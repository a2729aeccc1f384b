import { compileSubstitution } from '@tulle/decision/substitution';
import type { DescriptorAction, DescriptorRule } from '@tulle/decision/tables/rate-limit';
import type { route_RateLimit, route_RateLimit_Action } from '@tulle/xds/wire';
import { join, type Problems } from '../values/problems.ts';
import { translateHeader } from './route-match.ts';

/** envoy.config.route.v3.RateLimit, as routes and filters have them. */
export function translateDescriptorRules(
  rules: readonly route_RateLimit[],
  path: string,
  problems: Problems,
): DescriptorRule[] {
  return rules.flatMap(({ stage = 0, disableKey, actions }, i) => {
    const at = `${path}[${i}]`;
    if (actions.length === 0) problems.add(join(at, 'actions'), 'must not be empty');
    // Envoy's local rate limit passes over rules that can be disabled by a runtime key, and has no other use for them.
    if (disableKey !== '') return [];
    return [
      { stage, actions: actions.flatMap((one, a) => action(one, `${at}.actions[${a}]`, problems) ?? []) },
    ];
  });
}

function action(
  {
    genericKey,
    requestHeaders,
    headerValueMatch,
    remoteAddress,
    maskedRemoteAddress,
    metadata,
  }: route_RateLimit_Action,
  path: string,
  problems: Problems,
): DescriptorAction | undefined {
  if (genericKey !== undefined) {
    const { descriptorKey, descriptorValue } = genericKey;
    const render = problems.attempt(`${path}.generic_key`, () => compileSubstitution(descriptorValue));
    return { kind: 'text', key: descriptorKey || 'generic_key', render: render ?? descriptorValue };
  }
  if (requestHeaders !== undefined) {
    const { headerName, descriptorKey, skipIfAbsent } = requestHeaders;
    return { kind: 'header', key: descriptorKey, name: headerName.toLowerCase(), skipIfAbsent };
  }
  if (headerValueMatch !== undefined) {
    const { descriptorKey, descriptorValue, expectMatch = true, headers } = headerValueMatch;
    return {
      kind: 'header-match',
      key: descriptorKey || 'header_match',
      value: descriptorValue,
      expect: expectMatch,
      headers: headers.map((header, i) =>
        translateHeader(header, `${path}.header_value_match.headers[${i}]`, problems),
      ),
    };
  }
  if (metadata !== undefined) {
    if (metadata.source !== 'DYNAMIC')
      problems.add(`${path}.metadata.source`, `${metadata.source} is not supported`);
    return {
      kind: 'metadata',
      key: metadata.descriptorKey,
      filter: metadata.metadataKey?.key ?? '',
      path: (metadata.metadataKey?.path ?? []).map(({ key = '' }) => key),
      absent: metadata.defaultValue,
      skipIfAbsent: metadata.skipIfAbsent,
    };
  }
  if (remoteAddress !== undefined)
    return { kind: 'client-address', key: 'remote_address', bits4: 32, bits6: 128 };
  if (maskedRemoteAddress !== undefined) {
    const { v4PrefixMaskLen: bits4 = 32, v6PrefixMaskLen: bits6 = 128 } = maskedRemoteAddress;
    return { kind: 'client-address', key: 'masked_remote_address', bits4, bits6 };
  }
  problems.add(path, 'must say what to count by');
  return undefined;
}
