import { readFileSync } from 'node:fs';
import { connect, createSecureContext } from 'node:tls';
import type { CertificateFiles } from '../peers/peer.ts';
import type { Asker } from './asker.ts';

export interface HandshakerTarget {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly certificates: CertificateFiles;
  /** Each connection resumes the latest session that the server has offered. */
  readonly resume: boolean;
}

/** Asks each time on a mutual-TLS connection of its own. One that is not resumed as `resume` says is not ok. May ask anew while requests are under way. */
export function handshaker({ port, host, path, certificates, resume }: HandshakerTarget): Asker {
  const secureContext = createSecureContext({
    ca: readFileSync(certificates.root),
    cert: readFileSync(certificates.chain),
    key: readFileSync(certificates.key),
    minVersion: 'TLSv1.3',
    // One for all: of several, each server takes another, and with SHA-384 a handshake costs more. Sidecars agree on this one.
    ciphers: 'TLS_AES_128_GCM_SHA256',
  });
  const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  let session: Buffer | undefined;
  return {
    ask(onAnswer) {
      let answered = false;
      const answer = (ok: boolean): void => {
        if (answered) return;
        answered = true;
        onAnswer(ok);
      };
      const offered = resume ? session : undefined;
      const socket = connect({
        port,
        host: '127.0.0.1',
        secureContext,
        // The name is not what is verified here: a SPIFFE ID has none.
        checkServerIdentity: () => undefined,
        ...(offered === undefined ? {} : { session: offered }),
      });
      socket.once('secureConnect', () => socket.write(request));
      socket.on('session', (latest: Buffer) => {
        session = latest;
      });
      socket.on('data', () => answer(socket.isSessionReused() === (offered !== undefined)));
      socket.on('error', () => {});
      socket.once('close', () => answer(false));
    },
  };
}
