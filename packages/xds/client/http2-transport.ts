import * as http2 from 'node:http2';
import * as tls from 'node:tls';
import { type Clock, systemClock } from '../clock.ts';
import { frameMessage, GrpcFrames } from './grpc-frames.ts';
import { serverIdentityError } from './server-identity.ts';
import {
  type GrpcConnection,
  type GrpcStatus,
  type GrpcTarget,
  grpcCode,
  type StreamHandler,
} from './transport.ts';

/** How soon a control plane that is gone without a word is noticed: every 10 s a PING, 5 s for its answer. */
const pingEveryMs = 10_000;
const pingTimeoutMs = 5_000;
const connectTimeoutMs = 10_000;
const window = 1024 * 1024;

/** Connects; never throws. What goes wrong ends the streams with `unavailable` and the reason. */
export function connectHttp2(target: GrpcTarget, clock: Clock = systemClock): GrpcConnection {
  let reason = '';
  const authority = `${target.address.includes(':') ? `[${target.address}]` : target.address}:${target.port}`;
  const session = http2.connect(`${target.tls === undefined ? 'http' : 'https'}://${authority}`, {
    settings: { enablePush: false, initialWindowSize: window },
    ...(target.tls === undefined ? {} : { createConnection: () => connectTls(target) }),
  });
  let timer = clock.after(connectTimeoutMs, () => fail('no connection in time'));
  const fail = (why: string): void => {
    reason ||= why;
    timer.cancel();
    session.destroy();
  };
  const ping = (): void => {
    timer = clock.after(pingTimeoutMs, () => fail('the control plane does not answer'));
    session.ping((error) => {
      timer.cancel();
      if (error === null && !session.destroyed) timer = clock.after(pingEveryMs, ping);
    });
  };
  session.on('connect', () => {
    timer.cancel();
    session.setLocalWindowSize(window);
    timer = clock.after(pingEveryMs, ping);
  });
  session.on('error', (error) => {
    reason ||= error.message;
  });
  session.on('goaway', () => {
    reason ||= 'the control plane is going away';
  });
  session.on('close', () => timer.cancel());

  return {
    open: (path, metadata, handler) => openStream(session, path, metadata, handler, () => reason),
    close() {
      timer.cancel();
      session.destroy();
    },
  };
}

function connectTls({ address, port, tls: identity, serverIdentity }: GrpcTarget): tls.TLSSocket {
  return tls.connect({
    host: address,
    port,
    ca: identity?.ca,
    key: identity?.key,
    cert: identity?.cert,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
    rejectUnauthorized: true,
    checkServerIdentity: (_, certificate) => serverIdentityError(certificate.raw, serverIdentity),
  });
}

function openStream(
  session: http2.ClientHttp2Session,
  path: string,
  metadata: Readonly<Record<string, string>>,
  handler: StreamHandler,
  connectionError: () => string,
): ReturnType<GrpcConnection['open']> {
  let ended = false;
  const end = (status: GrpcStatus): void => {
    if (ended) return;
    ended = true;
    handler.onEnd(status);
  };
  if (session.destroyed || session.closed) {
    queueMicrotask(() =>
      end({ code: grpcCode.unavailable, message: connectionError() || 'connection closed' }),
    );
    return { send: () => {}, end: () => {}, cancel: () => (ended = true) };
  }
  const headers = {
    ...metadata,
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const stream = session.request(headers, { endStream: false });
  const frames = new GrpcFrames();
  let status: GrpcStatus | undefined;
  stream.on('response', (response) => {
    status = readStatus(response) ?? httpFailure(response);
  });
  stream.on('trailers', (trailers) => {
    status = readStatus(trailers) ?? status;
  });
  stream.on('data', (chunk: Uint8Array) => {
    if (ended) return;
    try {
      frames.push(chunk, (message) => {
        if (!ended) handler.onMessage(message);
      });
    } catch (error) {
      end({ code: grpcCode.internal, message: String((error as Error).message) });
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
  });
  // The server's end is the call's end. Our half is open still, so the stream alone would not close, and nobody
  // would learn that we were refused.
  stream.on('end', () => stream.close(http2.constants.NGHTTP2_CANCEL));
  let streamError = '';
  stream.on('error', (error) => {
    streamError = error.message;
  });
  stream.on('close', () => {
    end(
      status ?? {
        code: grpcCode.unavailable,
        message: connectionError() || streamError || 'connection closed',
      },
    );
  });
  return {
    send: (message) => {
      if (!stream.destroyed && !stream.writableEnded) stream.write(frameMessage(message));
    },
    end: () => {
      if (!stream.destroyed) stream.end();
    },
    cancel: () => {
      ended = true;
      stream.close(http2.constants.NGHTTP2_CANCEL);
    },
  };
}

function readStatus(headers: http2.IncomingHttpHeaders): GrpcStatus | undefined {
  const code = headers['grpc-status'];
  if (code === undefined) return undefined;
  const number = Number(code);
  return {
    code: Number.isInteger(number) ? number : grpcCode.unknown,
    message: percentDecoded(String(headers['grpc-message'] ?? '')),
  };
}

function percentDecoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/** Codes after gRPC's doc/http-grpc-status-mapping.md. */
function httpFailure(
  headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader,
): GrpcStatus | undefined {
  const status = headers[':status'];
  if (status === 200) return undefined;
  const codes: Record<number, number> = {
    400: 13,
    401: 16,
    403: 7,
    404: 12,
    429: 14,
    502: 14,
    503: 14,
    504: 14,
  };
  return { code: codes[status ?? 0] ?? grpcCode.unknown, message: `HTTP status ${status}` };
}
