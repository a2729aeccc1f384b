import { isDeepStrictEqual } from 'node:util';
import { fieldsOf } from '@tulle/resources/json-object';
import type { Resource } from '@tulle/resources/kind';
import type { ConfigModel } from '../model/model.ts';

/** An address under which captured applications find a host, as Istio's ServiceEntryStatus has it. */
interface AllocatedAddress {
  readonly value: string;
  readonly host: string;
}

/** Those that the mesh has given to the hosts of a ServiceEntry, which names none itself. */
function allocatedAddresses(
  { services, serviceAddresses }: ConfigModel,
  { metadata }: Resource,
): AllocatedAddress[] {
  return services
    .byNamespace(metadata.namespace ?? '')
    .filter(({ origin, addresses }) => addresses.length === 0 && isOf(origin, metadata.name))
    .flatMap(({ key, host }) => (serviceAddresses.get(key) ?? []).map((value) => ({ value, host })));
}

const isOf = (origin: { readonly kind: string; readonly name: string }, name: string): boolean =>
  origin.kind === 'ServiceEntry' && origin.name === name;

/** The status with the addresses of now; the same object when nothing differs. */
export function serviceEntryStatus(resource: Resource, status: unknown, config: ConfigModel): unknown {
  const current = fieldsOf(status);
  const { addresses: before = [], ...rest } = current;
  const addresses = allocatedAddresses(config, resource);
  if (isDeepStrictEqual(before, addresses)) return status;
  return addresses.length === 0 ? rest : { ...current, addresses };
}
