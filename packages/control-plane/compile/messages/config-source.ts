import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ApiConfigSource_ApiType,
  ApiVersion,
  type ConfigSourceSchema,
} from '@tulle/xds/gen/envoy/config/core/v3/config_source_pb.js';
import type { SdsSecretConfigSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { Engine } from '../proxy.ts';

type ConfigSource = MessageInitShape<typeof ConfigSourceSchema>;

/** The stream that the resource itself came by. */
export const ads: ConfigSource = {
  configSourceSpecifier: { case: 'ads', value: {} },
  resourceApiVersion: ApiVersion.V3,
};

/** The cluster of an Envoy's bootstrap that leads to the agent's Unix socket. Istio's name. */
export const sdsCluster = 'sds-grpc';

const agent: ConfigSource = {
  configSourceSpecifier: {
    case: 'apiConfigSource',
    value: {
      apiType: ApiConfigSource_ApiType.GRPC,
      transportApiVersion: ApiVersion.V3,
      setNodeOnFirstMessageOnly: true,
      grpcServices: [{ targetSpecifier: { case: 'envoyGrpc', value: { clusterName: sdsCluster } } }],
    },
  },
  resourceApiVersion: ApiVersion.V3,
};

/** The proxy's own key and certificate: our engine has them, an Envoy asks the agent beside it. */
export const identitySecret = 'default';
/** The roots of the mesh's identities. */
export const rootsSecret = 'ROOTCA';

/** Where the proxy gets a secret: its identity and the mesh's roots from beside it (Envoy), others from us. */
export function secretConfig(name: string, engine: Engine): MessageInitShape<typeof SdsSecretConfigSchema> {
  const fromAgent = engine === 'envoy' && (name === identitySecret || name === rootsSecret);
  return { name, sdsConfig: fromAgent ? agent : ads };
}
