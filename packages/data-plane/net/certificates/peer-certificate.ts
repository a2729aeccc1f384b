import type { TLSSocket } from 'node:tls';

/** A client's resumed connection knows nothing of the server's certificate: the ticket stands for it. */
const resumedWith = new WeakMap<TLSSocket, Buffer>();

/** The connection resumes a session whose server had shown `certificate`. */
export function rememberPeer(socket: TLSSocket, certificate: Buffer): void {
  resumedWith.set(socket, certificate);
}

/** The peer's leaf certificate as DER, if it showed one: on this connection or on the one that it resumes. */
export function peerCertificate(socket: TLSSocket): Buffer | undefined {
  return socket.getPeerX509Certificate()?.raw ?? resumedWith.get(socket);
}
