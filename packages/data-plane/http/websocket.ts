import { createHash, randomBytes } from 'node:crypto';

/** Fields of the opening handshake over HTTP/1.1 (RFC 6455 section 1.3), which HTTP/2 does without (RFC 8441). */
export const websocketKey = 'sec-websocket-key';
export const websocketAccept = 'sec-websocket-accept';

/** 16 random octets in base64 (RFC 6455 section 4.1). */
export function newWebsocketKey(): string {
  return randomBytes(16).toString('base64');
}

/** What a server that accepts answers to `key`. */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
