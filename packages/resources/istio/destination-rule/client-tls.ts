import { z } from 'zod';
import { nullable, options } from '../../schema/message.ts';

export const clientTls = () =>
  options({
    mode: z
      .enum(['DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'])
      .describe(
        'DISABLE: none; SIMPLE: TLS; MUTUAL: with the certificate given here; ISTIO_MUTUAL: with the workload’s own.',
      ),
    clientCertificate: z.string().describe('File with the certificate chain, for MUTUAL.'),
    privateKey: z.string().describe('File with its key, for MUTUAL.'),
    caCertificates: z.string().describe('File with the roots to trust; the system’s when absent.'),
    credentialName: z.string().describe('Secret that holds key, certificate and roots (gateways only).'),
    subjectAltNames: z.array(z.string()).describe('Names of which the server’s certificate must have one.'),
    sni: z.string().describe('Server name to send.'),
    insecureSkipVerify: nullable(z.boolean()).describe('The server’s certificate is not verified.'),
    caCrl: z.string().describe('File with revoked certificates.'),
  });
export type ClientTls = z.infer<ReturnType<typeof clientTls>>;
