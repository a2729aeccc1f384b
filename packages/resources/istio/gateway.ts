import { z } from 'zod';
import type { ResourceKind } from '../kind.ts';
import { mapOf, message, nullable, options } from '../schema/message.ts';
import { uint32 } from '../schema/number.ts';
import { requiredBeyondCrd, resourceSchema } from '../schema/resource.ts';
import { withRules } from '../schema/rule.ts';
import { checkGateway } from './gateway-check.ts';
import { istioStatus } from './status.ts';

const identity = {
  group: 'networking.istio.io',
  kind: 'Gateway',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
  name: 'dns-label',
} as const;

const tlsVersion = () => z.enum(['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3']);

const atMostOne = (first: string, second: string) => ({
  rule: `(has(self.${first}) ? 1 : 0) + (has(self.${second}) ? 1 : 0) <= 1`,
  test: (tls: object) =>
    [first, second].filter((name) => (tls as Record<string, unknown>)[name] !== undefined).length <= 1,
  explain: () => `conflicts with ${first === 'credentialName' ? first : second}: set only one of both`,
  at: () => [first === 'credentialName' ? second : first],
});

export const serverTls = withRules(
  options({
    httpsRedirect: z.boolean().describe('Plain HTTP is answered with a redirect to HTTPS.'),
    mode: z
      .enum(['PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL'])
      .describe(
        'SIMPLE: TLS ends here; MUTUAL: clients must show a certificate; PASSTHROUGH: TLS goes on to the workload.',
      ),
    credentialName: z.string().describe('Secret (kubernetes.io/tls) with certificate and key.'),
    credentialNames: z
      .array(z.string())
      .min(1)
      .max(2)
      .describe('As credentialName, for an RSA and an ECDSA certificate.'),
    caCertCredentialName: z.string().describe('Secret with the roots for clients’ certificates.'),
    serverCertificate: z.string().describe('File with the certificate chain.'),
    privateKey: z.string().describe('File with its key.'),
    caCertificates: z.string().describe('File with the roots for clients’ certificates.'),
    caCrl: z.string().describe('File with revoked certificates.'),
    tlsCertificates: z
      .array(
        options({
          serverCertificate: z.string().describe('File with the certificate chain.'),
          privateKey: z.string().describe('File with its key.'),
          caCertificates: z.string().describe('File with roots.'),
        }),
      )
      .min(1)
      .max(2)
      .describe('Files of an RSA and an ECDSA certificate.'),
    subjectAltNames: z.array(z.string()).describe('Names of which a client’s certificate must have one.'),
    verifyCertificateSpki: z.array(z.string()).describe('Hashes of clients’ public keys.'),
    verifyCertificateHash: z.array(z.string()).describe('Hashes of clients’ certificates.'),
    minProtocolVersion: tlsVersion().describe('Lowest version; TLS 1.2 by default.'),
    maxProtocolVersion: tlsVersion().describe('Highest version.'),
    cipherSuites: z.array(z.string()).describe('Cipher suites below TLS 1.3, as OpenSSL names them.'),
    ecdhCurves: z
      .array(z.string())
      .describe('Groups for the key exchange, best first: X25519, P-256, P-384, P-521, X25519MLKEM768.'),
    insecureSkipVerify: nullable(z.boolean()).describe('Clients’ certificates are not verified.'),
  }),
  {
    ...atMostOne('tlsCertificates', 'credentialNames'),
    message: 'only one of credentialNames or tlsCertificates can be set',
  },
  {
    ...atMostOne('credentialName', 'credentialNames'),
    message: 'only one of credentialName or credentialNames can be set',
  },
  // Istio's third rule repeats the first under another message; the CRD is generated with it all the same.
  {
    rule: atMostOne('credentialNames', 'tlsCertificates').rule,
    message: 'only one of credentialName or tlsCertificates can be set',
    test: () => true,
  },
);
export type ServerTls = z.infer<typeof serverTls>;

const server = message(
  {
    port: message(
      {
        number: uint32().describe('Port number.'),
        name: z.string().describe('A name for it, different from those of the other servers.'),
        protocol: z.string().describe('HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TLS, TCP, MONGO, REDIS or MYSQL.'),
      },
      { targetPort: uint32().describe('Without meaning for a Gateway.') },
    ).describe('The port to listen on.'),
    hosts: z
      .array(z.string())
      .describe(
        'Hosts that are served here: `host`, `*.example.com`, `*`, with `namespace/` before them to say whose routes.',
      ),
  },
  {
    name: z.string().describe('A name for logs and metrics.'),
    bind: z.string().describe('Address or Unix socket to listen on.'),
    tls: serverTls.describe('TLS of this server.'),
    defaultEndpoint: z.string().describe('Without meaning for a Gateway.'),
  },
);
export type Server = z.infer<typeof server>;

const spec = options({
  servers: z.array(server).describe('What the gateway listens on.'),
  selector: mapOf(z.string()).describe(
    'Labels of the gateway proxies that it is for; `istio: ingressgateway` is the one of every mesh.',
  ),
});

const schema = resourceSchema(
  identity,
  requiredBeyondCrd({ spec: spec.describe('What gateway proxies listen on.') }),
  { status: istioStatus },
);

export type Gateway = z.infer<typeof schema>;
export type GatewaySpec = z.infer<typeof spec>;

export const gateway = {
  ...identity,
  plural: 'gateways',
  singular: 'gateway',
  shortNames: ['gw'],
  categories: ['istio-io', 'networking-istio-io'],
  namespaced: true,
  description:
    'The ports, hosts and certificates at the edge of the mesh; VirtualServices say where requests go.',
  schema,
  columns: [
    { name: 'Selector', type: 'string', path: 'spec.selector', priority: 1 },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
  check: checkGateway,
  inert: {
    'spec.servers[].port.targetPort':
      'Istio looks at it in ServiceEntries alone; the Service’s targetPort holds',
    'spec.servers[].defaultEndpoint': 'Istio does not implement it either; routes say where requests go',
  },
} satisfies ResourceKind<Gateway>;
