import type { Resource } from '@tulle/resources/kind';
import { gatewayNamesOf, type Networks } from '../model/mesh/networks.ts';
import type { Finding } from '../status/conditions.ts';

/** `GatewaysResolved` of the Mesh; undefined: no network gateway has a name. */
export function gatewaysCondition(
  resource: Resource,
  { config, names }: Networks,
  failure: (name: string) => string | undefined,
): Finding | undefined {
  const wanted = [...gatewayNamesOf(config)];
  if (wanted.length === 0) return undefined;
  const failed = wanted.filter((name) => failure(name) !== undefined);
  const isResolved = failed.length === 0 && wanted.every((name) => names?.has(name));
  return {
    type: 'GatewaysResolved',
    status: isResolved ? 'True' : 'False',
    reason: isResolved ? 'Resolved' : failed.length > 0 ? 'LookupFailed' : 'Resolving',
    message: wanted.map((name) => told(name, names?.get(name), failure(name))).join('; '),
    observedGeneration: resource.metadata.generation ?? 0,
  };
}

/** As many addresses as are spelt out. */
const maxNamed = 4;

function told(name: string, addresses: readonly string[] | undefined, failure: string | undefined): string {
  const rest = addresses === undefined ? 0 : addresses.length - maxNamed;
  const listed =
    addresses && [...addresses.slice(0, maxNamed), ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
  if (failure === undefined) return `${name}: ${listed ?? 'has not been answered yet'}`;
  return `${name}: ${failure}; ${listed === undefined ? 'nobody is reached by it' : `still ${listed}`}`;
}
