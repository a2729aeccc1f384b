import type { Http1Error } from '../protocol-error.ts';
import { reasons } from '../write/reasons.ts';

/** The answer to a client that broke the protocol: says why, and that nothing more will be read. */
export function refusal(error: Http1Error): string {
  const reason = error.message;
  return (
    `HTTP/1.1 ${error.status} ${reasons[error.status] ?? ''}\r\nContent-Type: text/plain\r\n` +
    `Content-Length: ${reason.length}\r\nConnection: close\r\n\r\n${reason}`
  );
}
