import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'vitest';
import type { Expected, HygieneCase, Outcome } from './case.ts';
import type { Certificates } from './certificates.ts';

/** Fields by lower-case name, lists joined with a comma; of a request also `:path` and `:authority`. */
type Seen = Readonly<Record<string, string>>;

/** An upstream that keeps what it was asked, and answers with given field lines. */
export interface Upstream {
  readonly port: number;
  /** What the case asked for, and how to answer it. @returns what came, if anything did */
  expectFrom(row: HygieneCase): () => Seen | undefined;
  close(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  let seen: Seen | undefined;
  let answer: readonly string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let head = '';
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    socket.setEncoding('latin1').on('data', (text: string) => {
      head += text;
      if (!head.includes('\r\n\r\n')) return;
      const [start = '', ...lines] = head.split('\r\n\r\n')[0]?.split('\r\n') ?? [];
      const fields = parseFields(lines);
      seen = { ...fields, ':path': start.split(' ')[1] ?? '', ':authority': fields.host ?? '' };
      socket.end(
        ['HTTP/1.1 200 OK', ...answer, 'Content-Length: 0', 'Connection: close', '', ''].join('\r\n'),
        'latin1',
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    expectFrom: ({ response = [] }) => {
      seen = undefined;
      answer = response;
      return () => seen;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Sends the row's request to `port`, and holds what the upstream and the client see against the row. */
export async function runCase(
  row: HygieneCase,
  outcome: Outcome,
  port: number,
  upstream: Upstream,
  certificates: Certificates,
): Promise<void> {
  const seen = upstream.expectFrom(row);
  const { status, fields } = await ask(port, row, certificates);
  expect(status).toBe(outcome.status ?? 200);
  if (outcome.upstream === undefined) expect(seen()).toBeUndefined();
  else check(outcome.upstream, seen() ?? {});
  check(outcome.downstream ?? {}, fields);
}

function check(expected: Expected, seen: Seen): void {
  for (const [name, value] of Object.entries(expected)) {
    if (value === null) expect(seen, name).not.toHaveProperty([name]);
    else if (value instanceof RegExp) expect(seen[name], name).toMatch(value);
    else expect(seen[name], name).toBe(value);
  }
}

function ask(
  port: number,
  row: HygieneCase,
  certificates: Certificates,
): Promise<{ readonly status: number; readonly fields: Seen }> {
  const { target = '/', host = 'edge.example', request = [] } = row;
  const closing = request.some((line) => /^connection:/i.test(line)) ? [] : ['Connection: close'];
  const lines = [
    `GET ${target} HTTP/1.1`,
    ...(host === '' ? [] : [`Host: ${host}`]),
    ...request,
    ...closing,
    '',
    '',
  ];
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = open(port, row, certificates, () => socket.write(lines.join('\r\n'), 'latin1'));
    socket
      .setEncoding('latin1')
      .setTimeout(60_000, () => socket.destroy(new Error(`no answer after: ${text}`)));
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const [start = '', ...fields] = text.slice(0, end).split('\r\n');
      socket.destroy();
      resolve({ status: Number(start.split(' ')[1]), fields: parseFields(fields) });
    });
    socket.on('end', () => reject(new Error(`ended after: ${text}`)));
  });
}

function open(
  port: number,
  { tls }: HygieneCase,
  { client, withoutUri }: Certificates,
  onOpen: () => void,
): Socket {
  if (tls === undefined) return connect(port, '127.0.0.1', onOpen);
  const pair = { certificate: client, 'certificate without URI': withoutUri, 'no certificate': undefined }[
    tls
  ];
  const shown = pair === undefined ? {} : { cert: pair.chainPem, key: pair.keyPem };
  return connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...shown }, onOpen);
}

function parseFields(lines: readonly string[]): Seen {
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    fields[name] = name in fields ? `${fields[name]},${value}` : value;
  }
  return fields;
}
