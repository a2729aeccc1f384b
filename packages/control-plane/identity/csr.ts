import { x509 } from './x509.ts';

/** Why a certificate signing request was refused. The message may go to the caller. */
export class CsrError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CsrError';
  }
}

/** More than any P-256 or P-384 request; a limit on what is parsed before anyone is known. */
const maxBytes = 16 * 1024;
const curves: readonly string[] = ['P-256', 'P-384'];

/**
 * The public key of a request whose signature proves possession of the private key. Everything else that
 * it asks for (names, extensions, validity) is ignored: the identity is the enrolment's.
 * @throws CsrError
 */
export async function publicKeyOf(csrPem: string): Promise<x509.PublicKey> {
  if (csrPem.length > maxBytes) throw new CsrError(`certificate request larger than ${maxBytes} bytes`);
  const csr = parse(csrPem);
  const algorithm = csr.publicKey.algorithm as { name: string; namedCurve?: string };
  if (algorithm.name !== 'ECDSA' || !curves.includes(algorithm.namedCurve ?? '')) {
    throw new CsrError(
      `key must be ECDSA ${curves.join(' or ')}, not ${algorithm.namedCurve ?? algorithm.name}`,
    );
  }
  if (!(await verify(csr))) throw new CsrError('the signature of the certificate request does not verify');
  return csr.publicKey;
}

function parse(csrPem: string): x509.Pkcs10CertificateRequest {
  const blocks = csrPem.match(/-----BEGIN [A-Z ]+-----/g) ?? [];
  if (blocks.length !== 1 || !/^-----BEGIN (NEW )?CERTIFICATE REQUEST-----$/.test(blocks[0] as string)) {
    throw new CsrError('expected one PEM block CERTIFICATE REQUEST');
  }
  try {
    return new x509.Pkcs10CertificateRequest(csrPem.replaceAll('NEW CERTIFICATE', 'CERTIFICATE'));
  } catch {
    throw new CsrError('not a PKCS #10 certificate request');
  }
}

async function verify(csr: x509.Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await csr.verify();
  } catch {
    return false;
  }
}
