import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  type handleBidiStreamingCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import type { Svid } from '@tulle/data-plane/identity/svid';
import { SecretSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '@tulle/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import { typeUrls } from '@tulle/xds/resource';

export interface SecretService {
  /** Sends the new SVID to every stream. */
  update(svid: Svid): void;
  close(): void;
}

type Stream = ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>;

const definition = {
  StreamSecrets: {
    path: '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets',
    requestStream: true,
    responseStream: true,
    requestDeserialize: (bytes: Buffer) => fromBinary(DiscoveryRequestSchema, bytes),
    requestSerialize: (message: DiscoveryRequest) => Buffer.from(toBinary(DiscoveryRequestSchema, message)),
    responseSerialize: (message: DiscoveryResponse) =>
      Buffer.from(toBinary(DiscoveryResponseSchema, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(DiscoveryResponseSchema, bytes),
  },
} satisfies ServiceDefinition;

const inline = (text: string) => ({ specifier: { case: 'inlineString' as const, value: text } });

/** Two secrets, by Istio's names: `default` is key and chain, `ROOTCA` the roots. */
function secret(name: string, svid: Svid) {
  if (name === 'default') {
    return create(SecretSchema, {
      name,
      type: {
        case: 'tlsCertificate',
        value: { certificateChain: inline(svid.chainPem), privateKey: inline(svid.keyPem) },
      },
    });
  }
  if (name !== 'ROOTCA') return undefined;
  return create(SecretSchema, {
    name,
    type: { case: 'validationContext', value: { trustedCa: inline(svid.rootsPem) } },
  });
}

/**
 * Serves SDS (state of the world, which is what Envoy asks of a secret's source) on a Unix socket. Whoever can
 * open the socket gets the key: it must lie in a folder of its owner alone.
 */
export async function serveSecrets(socketPath: string, first: Svid): Promise<SecretService> {
  let svid = first;
  let version = 1;
  const wanted = new Map<Stream, readonly string[]>();

  const send = (stream: Stream): void => {
    const secrets = (wanted.get(stream) ?? [])
      .map((name) => secret(name, svid))
      .filter((one) => one !== undefined);
    stream.write(
      create(DiscoveryResponseSchema, {
        typeUrl: typeUrls.secret,
        versionInfo: String(version),
        nonce: String(version),
        resources: secrets.map((one) => anyPack(SecretSchema, one)),
      }),
    );
  };

  const streamSecrets: handleBidiStreamingCall<DiscoveryRequest, DiscoveryResponse> = (stream) => {
    stream.on('data', (request: DiscoveryRequest) => {
      const before = wanted.get(stream);
      wanted.set(stream, request.resourceNames);
      // The same names again are an ACK, or a NACK, which sending the same again would not change.
      if (before?.join() !== request.resourceNames.join()) send(stream);
    });
    const forget = (): void => {
      wanted.delete(stream);
    };
    stream.on('end', () => {
      forget();
      stream.end();
    });
    stream.on('error', forget);
    stream.on('close', forget);
  };

  const server = new Server();
  server.addService(definition, { StreamSecrets: streamSecrets });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return {
    update: (next) => {
      svid = next;
      version++;
      for (const stream of wanted.keys()) send(stream);
    },
    close: () => server.forceShutdown(),
  };
}
