import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import type { Svid } from '@tulle/data-plane/identity/svid';
import { SecretSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '@tulle/xds/gen/envoy/service/discovery/v3/discovery_pb.js';
import { typeUrls } from '@tulle/xds/resource';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type SecretService, serveSecrets } from './secret-service.ts';

type Stream = ClientDuplexStream<DiscoveryRequest, DiscoveryResponse>;

const svid = (name: string): Svid => ({
  keyPem: `${name} key`,
  chainPem: `${name} chain`,
  rootsPem: `${name} roots`,
  notBefore: 0,
  notAfter: 0,
});

let folder = '';
let service: SecretService;
let client: Client;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-sds-'));
  const socket = join(folder, 'sds');
  service = await serveSecrets(socket, svid('first'));
  client = new Client(`unix:${socket}`, credentials.createInsecure());
});
afterEach(() => {
  client.close();
  service.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): Stream {
  const stream = client.makeBidiStreamRequest(
    '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets',
    (message: DiscoveryRequest) => Buffer.from(toBinary(DiscoveryRequestSchema, message)),
    (bytes: Buffer) => fromBinary(DiscoveryResponseSchema, bytes),
  );
  // The service closes at the end of each test.
  stream.on('error', () => {});
  return stream;
}

const ask = (stream: Stream, names: readonly string[], answered?: DiscoveryResponse): void => {
  stream.write(
    create(DiscoveryRequestSchema, {
      typeUrl: typeUrls.secret,
      resourceNames: [...names],
      versionInfo: answered?.versionInfo ?? '',
      responseNonce: answered?.nonce ?? '',
    }),
  );
};

const next = async (stream: Stream): Promise<DiscoveryResponse> =>
  ((await once(stream, 'data')) as [DiscoveryResponse])[0];

/** Name ⇒ the texts of each secret. */
const secretsOf = ({ resources }: DiscoveryResponse): Record<string, readonly unknown[]> =>
  Object.fromEntries(
    resources.map((resource) => {
      const { name, type } = anyUnpack(resource, SecretSchema) ?? {};
      const sources =
        type?.case === 'tlsCertificate'
          ? [type.value.certificateChain, type.value.privateKey]
          : type?.case === 'validationContext'
            ? [type.value.trustedCa]
            : [];
      return [String(name), sources.map((source) => source?.specifier.value)];
    }),
  );

it('sends what is asked for: key and chain, or the roots', async () => {
  const stream = open();
  ask(stream, ['default', 'ROOTCA', 'unknown']);
  expect(secretsOf(await next(stream))).toEqual({
    default: ['first chain', 'first key'],
    ROOTCA: ['first roots'],
  });
});

it('sends a new SVID to each stream at once, and nothing for an acknowledgement', async () => {
  const [certificate, roots] = [open(), open()];
  ask(certificate, ['default']);
  ask(roots, ['ROOTCA']);
  const first = await next(certificate);
  await next(roots);
  ask(certificate, ['default'], first);

  service.update(svid('second'));
  const [second, secondRoots] = await Promise.all([next(certificate), next(roots)]);
  expect(secretsOf(second)).toEqual({ default: ['second chain', 'second key'] });
  expect(secretsOf(secondRoots)).toEqual({ ROOTCA: ['second roots'] });
  expect(second.versionInfo).not.toBe(first.versionInfo);
});

it('answers again when other names are asked for', async () => {
  const stream = open();
  ask(stream, ['default']);
  const first = await next(stream);
  ask(stream, ['default', 'ROOTCA'], first);
  expect(Object.keys(secretsOf(await next(stream)))).toEqual(['default', 'ROOTCA']);
});
