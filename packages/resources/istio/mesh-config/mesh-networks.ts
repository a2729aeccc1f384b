import { z } from 'zod';
import { error, type Finding } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import { isHostName, isIpAddress, isIpOrCidr } from '../../schema/host.ts';
import { mapOf, message, options } from '../../schema/message.ts';
import { port } from '../../schema/number.ts';
import { oneOf } from '../../schema/rule.ts';

const endpoints = oneOf(
  options({
    fromCidr: z.string().describe('Addresses that belong to the network, such as 10.2.0.0/16.'),
    fromRegistry: z
      .string()
      .describe('All instances of a cluster by this name, as they say it of themselves (CLUSTER_ID).'),
  }),
  'fromCidr',
  'fromRegistry',
);

const gateway = oneOf(
  message(
    { port: port().describe('Its port; 15443 by convention.') },
    {
      address: z
        .string()
        .describe('IP address or host name at which the gateway is reached from other networks.'),
      registryServiceName: z
        .string()
        .describe('Full name of the gateway’s Service: its instances are the gateways, at that port of it.'),
      locality: z.string().describe('`region/zone/subzone` of the gateway.'),
    },
  ),
  'address',
  'registryServiceName',
);

/** Istio's MeshNetworks (istio/api mesh/v1alpha1/network.proto), by the names that it has in YAML. */
export const meshNetworks = options({
  networks: mapOf(
    options({
      endpoints: z
        .array(endpoints)
        .describe('Which instances are in the network, beside those that name it themselves.'),
      gateways: z
        .array(gateway)
        .describe('How the network is entered: gateways whose server is AUTO_PASSTHROUGH.'),
    }),
  ).describe('Networks by name.'),
});
export type MeshNetworks = z.infer<typeof meshNetworks>;

/** Fields of MeshNetworks that mean nothing here, and why. */
export const meshNetworksInert: Readonly<Record<string, string>> = {
  'networks.*.gateways[].locality':
    'endpoints behind a gateway are preferred by their own localities, as in Istio',
};

/** What ends in a number is an IPv4 address or a mistake (WHATWG URL, "ends in a number"). */
const isAddressOrName = (text: string): boolean =>
  isIpAddress(text) || (isHostName(text, false) && !/(^|\.)\d+\.?$/.test(text));

/** What Istio refuses beyond the types of the fields (pkg/config/validation), and addresses that no proxy can be sent. */
export function checkMeshNetworks({ networks = {} }: MeshNetworks, path: FieldPath): Finding[] {
  return Object.entries(networks).flatMap(([name, { endpoints: inside = [], gateways = [] }]) => [
    ...inside.flatMap(({ fromCidr, fromRegistry }, index): Finding[] => {
      const at = [...path, 'networks', name, 'endpoints', index];
      if (fromCidr === undefined && fromRegistry === undefined)
        return [error('required', [...at, 'fromCidr'], 'is required, or fromRegistry')];
      if (fromCidr === undefined || isIpOrCidr(fromCidr)) return [];
      const message = `must be a range of addresses such as "10.2.0.0/16", not ${JSON.stringify(fromCidr)}`;
      return [error('bad-address', [...at, 'fromCidr'], message)];
    }),
    ...gateways.flatMap(({ address, registryServiceName }, index): Finding[] => {
      const at = [...path, 'networks', name, 'gateways', index];
      if (address === undefined && registryServiceName === undefined)
        return [error('required', [...at, 'address'], 'is required, or registryServiceName')];
      if (address !== undefined && !isAddressOrName(address))
        return [
          error(
            'bad-address',
            [...at, 'address'],
            `must be an IP address or a host name, not ${JSON.stringify(address)}`,
          ),
        ];
      if (registryServiceName !== undefined && !isHostName(registryServiceName, false))
        return [
          error(
            'bad-host',
            [...at, 'registryServiceName'],
            `must be the full name of a Service, not ${JSON.stringify(registryServiceName)}`,
          ),
        ];
      return [];
    }),
  ]);
}
