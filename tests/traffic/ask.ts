/** Sends what a step says, as real clients do: node:http, node:http2, a WebSocket's handshake, bytes, TLS. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { newWebsocketKey } from '@tulle/data-plane/http/websocket';
import { http2Ask } from '@tulle/data-plane/testing/http2';
import type { Pair } from './certificates.ts';
import type { TlsOffer } from './scenario.ts';

/** A step with nothing left to look up. */
export interface Ask {
  readonly kind: 'http' | 'http2' | 'grpc' | 'websocket';
  readonly port: number;
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Absolute-form, as clients ask a proxy. */
  readonly absolute: boolean;
  /** Roots and the client's own certificate, where TLS is spoken. */
  readonly tls:
    | (TlsOffer & { readonly ca: string; readonly cert?: string; readonly key?: string })
    | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly grpcStatus: number | undefined;
}

const patienceMs = 60_000;

/** @throws what the connection met */
export function ask(what: Ask): Promise<Answer> {
  switch (what.kind) {
    case 'http':
      return askHttp(what);
    case 'websocket':
      return askWebsocket(what);
    case 'http2':
    case 'grpc':
      return askHttp2(what);
  }
}

const tlsOptions = ({ tls, url }: Ask) => ({ ...tls, servername: url.hostname });

function askHttp(what: Ask): Promise<Answer> {
  const { port, method, url, headers, body, absolute, tls } = what;
  const options = {
    ...{ host: '127.0.0.1', port, method, agent: false as const, timeout: patienceMs },
    path: absolute ? url.href : url.pathname + url.search,
    headers: { host: url.host, ...headers },
    ...(tls !== undefined && tlsOptions(what)),
  };
  return new Promise((resolve, reject) => {
    const sent = (tls === undefined ? httpRequest : httpsRequest)(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          grpcStatus: undefined,
        }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', reject);
    sent.end(body);
  });
}

function askHttp2(what: Ask): Promise<Answer> {
  const { kind, port, url, tls, headers, body } = what;
  const session = connectHttp2(
    `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    tlsOptions(what),
  );
  const isGrpc = kind === 'grpc';
  const asked = new Promise<Answer>((resolve, reject) => {
    session.setTimeout(patienceMs, () => session.destroy(new Error('no answer')));
    session.on('error', reject);
    void http2Ask(session, {
      path: url.pathname + url.search,
      method: isGrpc ? 'POST' : what.method,
      host: url.host,
      headers: { ...(isGrpc && { 'content-type': 'application/grpc', te: 'trailers' }), ...headers },
      ...(isGrpc ? { body: Buffer.alloc(5) } : body !== undefined && { body }),
    }).then((answer) => {
      if (answer.status === 0) reject(new Error(`the stream ended with ${answer.code}`));
      const { status, headers: fields, trailers } = answer;
      const grpc = trailers['grpc-status'] ?? fields['grpc-status'];
      const grpcStatus = grpc === undefined ? undefined : Number(grpc);
      resolve({ status, headers: fields, body: answer.body.toString(), grpcStatus });
    });
  });
  return asked.finally(() => session.destroy());
}

/** The body is what is sent, and what comes back over the socket once it is open. */
function askWebsocket(what: Ask): Promise<Answer> {
  const { port, url, headers, body = '' } = what;
  const opening = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const asked = httpRequest({
    ...{ host: '127.0.0.1', port, path: url.pathname + url.search, agent: false, timeout: patienceMs },
    headers: { host: url.host, ...opening, 'sec-websocket-key': newWebsocketKey(), ...headers },
  });
  asked.end();
  return new Promise((resolve, reject) => {
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.on('response', (response) => {
      response.resume();
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: '',
        grpcStatus: undefined,
      });
    });
    asked.on('upgrade', ({ headers: fields }, socket) => {
      let echoed = '';
      socket.on('error', () => {});
      socket.setEncoding('utf8').on('data', (part: string) => {
        echoed += part;
        if (echoed.length < body.length) return;
        socket.destroy();
        resolve({ status: 101, headers: fields, body: echoed, grpcStatus: undefined });
      });
      socket.write(body);
    });
  });
}

export interface AskBytes {
  readonly host: string;
  readonly port: number;
  /** Address of this end. */
  readonly source: string | undefined;
  /** Present: TLS with this server name. */
  readonly tls:
    | (TlsOffer & { readonly sni: string; readonly ca: string; readonly certificate?: Pair })
    | undefined;
}

export interface BytesAnswer {
  /** `v1 hello`; before the last word what a TLS application says of its client. */
  readonly line: string;
  /** Common name of the server's certificate. */
  readonly certificate: string | undefined;
  /** Still open. */
  readonly socket: Socket;
}

function open({ host, port, source, tls }: AskBytes): Socket {
  const to = { host, port, ...(source !== undefined && { localAddress: source }) };
  if (tls === undefined) return connect(to);
  const { sni, certificate, ...more } = tls;
  // Applications behind a passthrough have names of their own.
  return connectTls({
    ...to,
    ...more,
    ...certificate,
    servername: sni,
    checkServerIdentity: () => undefined,
  });
}

/** @throws Error when the connection ends without a line */
export function askBytes(what: AskBytes): Promise<BytesAnswer> {
  return new Promise((resolve, reject) => {
    const socket = open(what);
    let received = '';
    socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer')));
    socket.setEncoding('utf8').on('data', (part: string) => {
      received += part;
      if (!received.includes('\n')) return;
      const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject?.CN : undefined;
      const certificate = Array.isArray(name) ? name[0] : name;
      resolve({ line: received.trimEnd(), certificate, socket });
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the connection closed after ${JSON.stringify(received)}`)));
    socket.write('hello\n');
  });
}
