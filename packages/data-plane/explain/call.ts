import type { X509Certificate } from 'node:crypto';
import type { Headers } from '@tulle/decision/headers';

/** What a client asks for, as the explanation's user says it. */
export type Call = HttpCall | BytesCall;

interface AnyCall {
  /** The listener that it comes to; without a name it is found by where it goes. */
  readonly listener?: string;
  /** SPIFFE ID of a client that is a proxy of the mesh: it speaks mTLS. */
  readonly peer?: string;
  /** What a client outside the mesh shows to who ends its TLS, leaf first; none when absent. */
  readonly clientCertificates?: readonly X509Certificate[];
  /** It happened: its client has got through TLS, whatever it showed. */
  readonly isRecorded?: boolean;
  /** Of the client; a loopback address when absent. */
  readonly remoteAddress?: string;
}

export interface HttpCall extends AnyCall {
  readonly kind: 'http';
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** As the Host field has it: without the scheme's default port. */
  readonly authority: string;
  /** Of the URL, where the Host field says something else: who is connected to, or asked for at an HTTP proxy. */
  readonly urlAuthority?: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Headers;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
}

/** A connection that carries bytes; with a server name, TLS. */
export interface BytesCall extends AnyCall {
  readonly kind: 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
}

/** Host and port that a call goes to. */
export function destinationOf(call: Call): { readonly host: string; readonly port: number } {
  if (call.kind !== 'http') return call;
  const url = new URL(`${call.scheme}://${call.urlAuthority ?? call.authority}`);
  const port = url.port === '' ? (call.scheme === 'https' ? 443 : 80) : Number(url.port);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
}
