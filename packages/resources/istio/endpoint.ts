import { z } from 'zod';
import { error, type Finding } from '../finding.ts';
import type { FieldPath } from '../path.ts';
import { isHostName, isIpAddress } from '../schema/host.ts';
import { mapOf, options } from '../schema/message.ts';
import { isLabelValue, isQualifiedName } from '../schema/name.ts';
import { portWithRule, uint32 } from '../schema/number.ts';
import { withRules } from '../schema/rule.ts';

const isUnix = (address: string | undefined): boolean => address?.startsWith('unix://') ?? false;

const address = withRules(
  z.string().max(256),
  {
    rule: 'self.startsWith("unix://") ? (self.substring(7, 8) == "/" || self.substring(7, 8) == "@") : true',
    message: 'UDS must be an absolute path or abstract socket',
    test: (text) => !isUnix(text) || text[7] === '/' || text[7] === '@',
    explain: (text) =>
      `must be an absolute path or an abstract socket after unix://, not ${JSON.stringify(text)}`,
  },
  {
    rule: 'self.startsWith("unix://") ? !self.endsWith("/") : true',
    message: 'UDS may not be a dir',
    test: (text) => !isUnix(text) || !text.endsWith('/'),
    explain: (text) => `must be a socket, not a folder: ${JSON.stringify(text)}`,
  },
);

const isPortName = (name: string): boolean =>
  name.length < 63 && /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/.test(name);

/** WorkloadEntry's spec without an address of its own: a WorkloadGroup's template. */
export const workloadTemplate = () =>
  withRules(
    options({
      address: address.describe(
        'IP address, host name or unix:// socket; may be left out when a network is named.',
      ),
      ports: withRules(mapOf(portWithRule(), { maxProperties: 128 }), {
        rule: 'self.all(key, size(key) < 63 && key.matches("^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$"))',
        message: 'port name must be valid',
        test: (ports) => Object.keys(ports).every(isPortName),
        explain: (ports) =>
          `must have names of letters, digits and "-", not ${JSON.stringify(Object.keys(ports).find((name) => !isPortName(name)))}`,
      }).describe('Port numbers by the names of the service’s ports; the service’s own where absent.'),
      labels: mapOf(z.string(), { maxProperties: 256 }).describe(
        'Labels by which services and subsets select it.',
      ),
      network: z
        .string()
        .max(2048)
        .describe(
          'Network that the address belongs to: callers of another network come through the gateways of this one, where it has some.',
        ),
      locality: z.string().max(2048).describe('`region/zone/subzone`.'),
      weight: uint32().describe('Load-balancing weight; 1 by default.'),
      serviceAccount: z.string().max(253).describe('The identity that it has, when it has a sidecar.'),
    }),
    {
      rule: '(has(self.address) ? self.address : "").startsWith("unix://") ? !has(self.ports) : true',
      message: 'UDS may not include ports',
      test: ({ address, ports }) => !isUnix(address) || ports === undefined,
      explain: () => 'have no meaning for a Unix socket',
      at: () => ['ports'],
    },
  );

/** WorkloadEntry's spec, which is also an endpoint of a ServiceEntry. */
export const workloadEntrySpec = () =>
  withRules(workloadTemplate(), {
    rule: 'has(self.address) || has(self.network)',
    message: 'Address is required',
    test: ({ address, network }) => address !== undefined || network !== undefined,
    explain: () => 'is required (string), unless a network is named',
    at: () => ['address'],
  });
export type WorkloadEntrySpec = z.infer<ReturnType<typeof workloadEntrySpec>>;

/** What Istio's webhook refuses beyond the CRD: an address that is neither, labels that aren't valid. */
export function checkEndpoint({ address, labels = {} }: WorkloadEntrySpec, path: FieldPath): Finding[] {
  const found: Finding[] = [];
  if (
    address !== undefined &&
    address !== '' &&
    !isUnix(address) &&
    !isIpAddress(address) &&
    !isHostName(address, false)
  ) {
    found.push(
      error(
        'bad-address',
        [...path, 'address'],
        `must be an IP address, a host name or unix://…, not ${JSON.stringify(address)}`,
      ),
    );
  }
  for (const [key, value] of Object.entries(labels)) {
    if (!isQualifiedName(key) || !isLabelValue(value))
      found.push(
        error(
          'bad-label',
          [...path, 'labels', key],
          'is not a valid label: at most 63 letters, digits, "-", "_" or "." each',
        ),
      );
  }
  return found;
}
