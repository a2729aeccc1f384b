import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Call } from '@tulle/data-plane/explain/call';
import { pemCertificates } from '@tulle/data-plane/net/certificates/pem';
import { Failure } from '../failure.ts';
import type { Io } from '../io.ts';

/** The call of a client that shows the certificates of a file, leaf first. @throws Failure for a file without any */
export function withCertificate(call: Call, file: string | undefined, { cwd }: Pick<Io, 'cwd'>): Call {
  if (file === undefined) return call;
  let clientCertificates: ReturnType<typeof pemCertificates>;
  try {
    clientCertificates = pemCertificates(readFileSync(resolve(cwd, file), 'utf8'));
  } catch (error) {
    throw new Failure(`--client-cert ${file}: ${(error as Error).message}`);
  }
  if (clientCertificates.length === 0)
    throw new Failure(`--client-cert ${file}: there is no certificate in it (PEM)`);
  return { ...call, clientCertificates };
}
