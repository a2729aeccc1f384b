/** The proxy's listeners against others' HTTP/2: h2spec, nghttp, h2load and curl, in clear text and over TLS. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Engine } from '@tulle/data-plane/engine';
import { backend } from '@tulle/data-plane/testing/backend';
import { cleanupAfterAll } from '@tulle/data-plane/testing/cleanup';
import { portOf, startEngine } from '@tulle/data-plane/testing/engine';
import { http2Backend } from '@tulle/data-plane/testing/http2';
import { mtlsInbound } from '@tulle/data-plane/testing/mesh';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '@tulle/data-plane/testing/tables';
import type { HttpManager } from '@tulle/decision/tables/http-manager';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeWithPeers } from './peer.ts';

const cleanup = cleanupAfterAll();
const cache = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'tulle');
const env = { ...process.env, PATH: [cache, process.env.PATH].join(delimiter) };

/** h2spec wants to say more on streams that are not answered yet. */
const answerMs = 50;
const page = 'x'.repeat(1024);
let engine: Engine;
let folder: string;

/** `/slow…`: a little later; `/big`: 3 MiB; else a page of 1 KiB, or what was sent. */
beforeAll(async () => {
  const answer = (path: string, body: Buffer): string | Buffer =>
    path === '/big' ? Buffer.alloc(3 * 1024 * 1024, 'b') : body.length > 0 ? body : page;
  const http1 = await backend((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const end = (): unknown => response.end(answer(request.url ?? '', Buffer.concat(chunks)));
      if (request.url?.startsWith('/slow')) setTimeout(end, answerMs);
      else end();
    });
  });
  const http2 = await http2Backend((stream, headers) => {
    const chunks: Buffer[] = [];
    const path = String(headers[':path']);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const end = (): void => {
        if (stream.destroyed) return;
        stream.respond({ ':status': 200 });
        stream.end(answer(path, Buffer.concat(chunks)));
      };
      if (path.startsWith('/slow')) setTimeout(end, answerMs);
      else end();
    });
  });
  cleanup.push(
    () => http1.close(),
    () => http2.close(),
  );
  folder = mkdtempSync(join(tmpdir(), 'tulle-http2-'));
  cleanup.push(() => rmSync(folder, { recursive: true }));
  const authority = await testAuthority();
  const leaf = await authority.issue({ dnsNames: ['localhost'], addresses: ['127.0.0.1'] });
  writeFileSync(join(folder, 'root.pem'), authority.rootPem);
  engine = await startEngine(tables({}));
  cleanup.push(() => engine.destroy());
  engine.setIdentity({ ...leaf, rootsPem: authority.rootPem });
  const chain = (to: string, secure: boolean, codec: HttpManager['codec'] = 'auto') =>
    httpChain(
      manager(routeTable([host([route(forward(to))])]), { codec }),
      secure
        ? {
            tls: {
              ...mtlsInbound,
              minVersion: 'TLSv1.2',
              requireClientCertificate: false,
              alpn: ['h2', 'http/1.1'],
            },
          }
        : {},
    );
  const failures = await engine.apply(
    tables({
      listeners: [
        listener('plain-http1', [chain('http1', false)]),
        listener('plain-http2', [chain('http2', false)]),
        listener('only-http1', [chain('http1', false, 'http2')]),
        listener('only-http2', [chain('http2', false, 'http2')]),
        listener('tls-http1', [chain('http1', true)]),
        listener('tls-http2', [chain('http2', true)]),
      ],
      clusters: [
        cluster('http1', [endpoint(http1.port)]),
        cluster('http2', [endpoint(http2.port)], { protocol: 'http2' }),
      ],
    }),
  );
  expect(failures).toEqual([]);
});

function run(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve(error === null ? stdout : `${stdout}${stderr}${error}`),
    );
  });
}

const ways = [
  ['clear text, to HTTP/1.1', 'plain-http1', false],
  ['clear text, to HTTP/2', 'plain-http2', false],
  ['TLS, to HTTP/1.1', 'tls-http1', true],
  ['TLS, to HTTP/2', 'tls-http2', true],
] as const;

/**
 * Where both versions are served, what does not begin as HTTP/2 is HTTP/1.1, and bad HTTP/1.1 is told so (RFC 9112
 * section 3: 400), as by Envoy. h2spec's `INVALID CONNECTION PREFACE` is such a line; it takes only silence for an answer.
 */
const answered = ['2: Sends invalid connection preface'];

describeWithPeers('h2spec', ['h2spec'], () => {
  test.each([
    ['HTTP/2 in clear text, to HTTP/1.1', 'only-http1', []],
    ['HTTP/2 in clear text, to HTTP/2', 'only-http2', []],
    ['TLS, to HTTP/1.1', 'tls-http1', []],
    ['TLS, to HTTP/2', 'tls-http2', []],
    ['either version in clear text', 'plain-http2', answered],
  ])('%s', async (_name, name, failed) => {
    const report = await run('h2spec', [
      ...(name.startsWith('tls') ? ['-t', '-k'] : []),
      ...['-h', '127.0.0.1', '-p', String(portOf(engine, name)), '-P', '/slow'],
    ]);
    const failures = [...report.matchAll(/^ *× (.*)$/gm)].map(([, what]) => what);
    expect([...new Set(failures)], report).toEqual(failed);
    expect(report).toMatch(new RegExp(`^145 tests, ${145 - failed.length} passed, 0 skipped, `, 'm'));
  });
});

const others = ['nghttp2-client', 'curl'];

describe.each(ways)('over %s', (_name, name, secure) => {
  describeWithPeers('others', others, () => {
    const url = (path: string): string =>
      `${secure ? 'https' : 'http'}://localhost:${portOf(engine, name)}${path}`;

    test('nghttp: pages, a large one, and a body with its trailers', async () => {
      expect(await run('nghttp', ['--no-verify-peer', url('/'), url('/2')])).toBe(page + page);
      const big = await run('nghttp', ['--no-verify-peer', url('/big')]);
      expect(big.length).toBe(3 * 1024 * 1024);
      const sent = join(folder, 'sent');
      writeFileSync(sent, Buffer.alloc(200_000, 's'));
      const echoed = await run('nghttp', [
        '--no-verify-peer',
        '-d',
        sent,
        '--trailer',
        'x-end: 1',
        url('/echo'),
      ]);
      expect(echoed.length).toBe(200_000);
    });

    test('h2load: streams side by side on several connections', async () => {
      const report = await run('h2load', ['-n', '2000', '-c', '4', '-m', '16', url('/')]);
      expect(/requests: .*/.exec(report)?.[0]).toBe(
        'requests: 2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout',
      );
    });

    test('curl: by ALPN or prior knowledge, and HTTP/1.1 at the same port', async () => {
      const curl = (...args: string[]): Promise<string> =>
        run('curl', [
          ...['--silent', '--show-error', '--cacert', join(folder, 'root.pem')],
          ...['-w', ' %{http_version} %{http_code}', ...args],
        ]);
      const http2 = secure ? '--http2' : '--http2-prior-knowledge';
      expect(await curl(http2, url('/'))).toBe(`${page} 2 200`);
      expect(await curl(http2, '-d', 'body', url('/echo'))).toBe('body 2 200');
      expect(await curl('--http1.1', url('/'))).toBe(`${page} 1.1 200`);
    });
  });
});
