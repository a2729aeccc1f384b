import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { UpstreamTls } from '@tulle/decision/tables';
import { checkIdentity, identityOf } from './spiffe.ts';
import { ContextCache, type SecretSource } from './tls-material.ts';

export interface StartTlsCallbacks {
  onSecure(socket: TLSSocket): void;
  /** Why not, in words for the access log; the socket is destroyed. */
  onFailed(detail: string): void;
}

/** Wraps a connected socket in TLS; calls back once. */
export type StartTls = (socket: Socket, tls: UpstreamTls, callbacks: StartTlsCallbacks) => void;

/**
 * The client side of TLS. With a validation the server must show a certificate of its roots whose names
 * are accepted; host names are not looked at. Without one any server is accepted, as Envoy does. Sessions
 * are never resumed.
 */
export function createStartTls(secrets: SecretSource): StartTls {
  const contexts = new ContextCache();
  return (socket, tls, callbacks) => {
    let settled = false;
    const fail = (detail: string): void => {
      if (settled) return;
      settled = true;
      socket.destroy();
      callbacks.onFailed(detail);
    };
    let secured: TLSSocket;
    try {
      const { validation } = tls;
      secured = connect({
        socket,
        secureContext: contexts.clientContext(tls, secrets),
        servername: tls.sni,
        // An empty list is not the same as none to OpenSSL.
        ...(tls.alpn.length > 0 ? { ALPNProtocols: [...tls.alpn] } : {}),
        rejectUnauthorized: validation !== undefined,
        checkServerIdentity: (_host, certificate) => {
          if (validation === undefined) return undefined;
          try {
            checkIdentity(identityOf(certificate.raw), validation);
            return undefined;
          } catch (error) {
            return error as Error;
          }
        },
      });
    } catch (error) {
      fail((error as Error).message);
      return;
    }
    const onError = (error: NodeJS.ErrnoException): void => fail(describe(error));
    const onClose = (): void => fail('the server closed the connection during the TLS handshake');
    secured.on('error', onError);
    secured.once('close', onClose);
    secured.once('secureConnect', () => {
      if (settled) {
        secured.destroy();
        return;
      }
      settled = true;
      secured.off('close', onClose);
      secured.off('error', onError);
      callbacks.onSecure(secured);
    });
  };
}

/** OpenSSL's reason without its file and line. */
function describe(error: NodeJS.ErrnoException): string {
  const reason = (error as { reason?: string }).reason;
  return `TLS: ${reason ?? error.code ?? error.message}${error.name === 'IdentityError' ? ` (${error.message})` : ''}`;
}
