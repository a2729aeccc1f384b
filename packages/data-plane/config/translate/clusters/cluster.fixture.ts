import type { Cluster } from '@tulle/decision/tables/cluster';
import { type Draft, encode, type Messages } from '@tulle/xds/wire';
import { pack } from '../../messages.fixture.ts';
import { filterReaders } from '../filters/filter-readers.ts';
import { translateResource } from '../resource.ts';

export type Message = Draft<Messages['envoy.config.cluster.v3.Cluster']>;
export const translate = (message: Message) =>
  translateResource(
    'cluster',
    'c',
    encode('envoy.config.cluster.v3.Cluster', { name: 'c', ...message }),
    filterReaders,
  );

export function cluster(message: Message): Cluster {
  const result = translate(message);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}
export const reason = (message: Message): string => {
  const result = translate(message);
  return result.ok ? '' : result.reason;
};

export const upstreamTls = (
  context: Draft<Messages['envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext']>,
) => ({
  name: 'tls',
  typedConfig: pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', context),
});
export const httpOptions = (
  options: Draft<Messages['envoy.extensions.upstreams.http.v3.HttpProtocolOptions']>,
) =>
  new Map([
    [
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      pack('envoy.extensions.upstreams.http.v3.HttpProtocolOptions', options),
    ],
  ]);
export const at = (address: string, portValue = 80) => ({
  endpoint: { address: { socketAddress: { address, portValue } } },
});
export const rawBuffer = {
  name: 'raw',
  typedConfig: {
    typeUrl: 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
    value: new Uint8Array(),
  },
};

const policies = 'envoy.extensions.load_balancing_policies.';
type PolicyName = keyof Messages extends infer Name
  ? Name extends `${typeof policies}${infer Own}`
    ? Own
    : never
  : never;
export const policyOf = <Name extends PolicyName>(
  name: Name,
  config: Draft<Messages[`${typeof policies}${Name}`]>,
): NonNullable<Message['loadBalancingPolicy']> => ({
  policies: [{ typedExtensionConfig: { name, typedConfig: pack(`${policies}${name}`, config) } }],
});
