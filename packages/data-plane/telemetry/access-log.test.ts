import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { Headers } from '@tulle/decision/headers';
import { expect, test } from 'vitest';
import { StreamInfo } from '../http/stream-info.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { accessLogger } from './access-log.ts';
import { compileLogFormat } from './log-format.ts';
import { type LogEntry, LogFormatError } from './log-operators.ts';
import { LogSinks } from './log-sink.ts';

const istioText =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% ' +
  '%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% ' +
  '%ROUTE_NAME%\n';

function entry(): LogEntry {
  const connection = {
    id: 7,
    remoteAddress: '127.0.0.1',
    remotePort: 50_000,
    localAddress: '::1',
    localPort: 9080,
    listener: 'outbound_http_proxy',
    direction: 'outbound' as const,
    memo: new Map(),
  };
  const info = new StreamInfo(connection, Date.UTC(2026, 10, 21, 11, 30, 1, 5), 1_000);
  Object.assign(info, {
    protocol: 'HTTP/1.1',
    status: 200,
    details: 'via_upstream',
    requestBytes: 3,
    responseBytes: 295,
  });
  Object.assign(info, {
    endedAt: 1_017.8,
    upstreamFirstByteAt: 1_010,
    cluster: 'outbound|9080||reviews',
    routeName: 'default',
  });
  info.upstreamHost = '127.0.0.1:20001';
  const request = {
    method: 'GET',
    path: '/reviews/0',
    authority: 'reviews:9080',
    scheme: 'http' as const,
    protocol: 'HTTP/1.1',
    headers: Headers.of({ 'User-Agent': 'curl "8"', 'X-Request-Id': 'abc' }),
  };
  const response = {
    status: 200,
    protocol: 'HTTP/1.1',
    headers: Headers.of({ 'X-Envoy-Upstream-Service-Time': '15' }),
  };
  return { info, request, response, trailers: undefined };
}

const text = (format: string, of = entry()): string => compileLogFormat({ kind: 'text', text: format })(of);

test("Istio's default text", () => {
  expect(text(istioText)).toBe(
    '[2026-11-21T11:30:01.005Z] "GET /reviews/0 HTTP/1.1" 200 - via_upstream - "-" 3 295 17 15 "-" "curl "8"" "abc" ' +
      '"reviews:9080" "127.0.0.1:20001" outbound|9080||reviews - [::1]:9080 127.0.0.1:50000 - default\n',
  );
});

test('a TCP connection has no request, and its line says so', () => {
  const tcp = { ...entry(), request: undefined, response: undefined };
  Object.assign(tcp.info, {
    protocol: '',
    status: 0,
    details: '',
    upstreamFailure: 'TLS: certificate verify failed',
  });
  tcp.info.flag('UF');
  tcp.info.flag('URX');
  expect(
    text(
      '"%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% %UPSTREAM_TRANSPORT_FAILURE_REASON%',
      tcp,
    ),
  ).toBe(
    '"- - -" 0 UF,URX UpstreamConnectionFailure,UpstreamRetryLimitExceeded TLS:_certificate_verify_failed',
  );
});

test('CONNECT has no path, and HTTP/1.0 may have no host', () => {
  const bare = entry();
  Object.assign(bare.request ?? {}, { method: 'CONNECT', path: '', authority: '' });
  expect(
    text('"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" "%REQ(:AUTHORITY)%"', bare),
  ).toBe('"CONNECT - HTTP/1.1" "-"');
});

test('JSON keeps types: numbers are numbers, what is missing is null', () => {
  const line = compileLogFormat({
    kind: 'json',
    fields: {
      code: '%RESPONSE_CODE%',
      flags: '%RESPONSE_FLAGS%',
      both: '%PROTOCOL% %RESPONSE_FLAGS%',
      nested: { id: '%REQ(X-REQUEST-ID)%' },
    },
  })(entry());
  expect(JSON.parse(line)).toEqual({ code: 200, flags: null, both: 'HTTP/1.1 -', nested: { id: 'abc' } });
  expect(line.endsWith('}\n')).toBe(true);
});

test('times, lengths, percent signs', () => {
  expect(text('%START_TIME(%Y/%m/%dT%H:%M:%S.%3f %z)%')).toBe('2026/11/21T11:30:01.005 +0000');
  expect(text('%REQ(USER-AGENT):4% 100%%')).toBe('curl 100%');
  expect(text('%RESPONSE_DURATION% %RESPONSE_TX_DURATION% %REQUEST_DURATION%')).toBe('10 7 -');
  expect(text('%REQ(X-MISSING?X-REQUEST-ID)%')).toBe('abc');
});

test('what can not be compiled is refused by name', () => {
  for (const format of ['%NO_SUCH%', '%REQ()%', '%START_TIME(%Q)%', '50% off', '%REQ%', '%constructor%']) {
    expect(() => text(format)).toThrow(LogFormatError);
  }
  expect(() => text('%NO_SUCH(x)%')).toThrow('%NO_SUCH(x)% is not known');
});

test('lines are written together, to the stream of their path', async () => {
  const clock = new VirtualClock();
  const stdout = new PassThrough();
  const sinks = new LogSinks(new TimerWheel({ clock }), { stdout, stderr: new PassThrough() });
  const log = accessLogger(
    { path: '/dev/stdout', format: { kind: 'text', text: '%RESPONSE_CODE%\n' } },
    sinks,
  );
  const { info } = entry();
  log(info);
  log(info);
  expect(stdout.read()).toBeNull();
  clock.advance(600);
  expect(String(stdout.read())).toBe('200\n200\n');

  const folder = await mkdtemp(join(tmpdir(), 'tulle-log-'));
  const path = join(folder, 'access.log');
  accessLogger({ path, format: { kind: 'text', text: '%RESPONSE_CODE%\n' } }, sinks)(info);
  await sinks.close();
  expect(await readFile(path, 'utf8')).toBe('200\n');
  await rm(folder, { recursive: true });
  expect(stdout.writableEnded).toBe(false);
});

test('a log that nobody reads loses lines instead of growing', () => {
  const stuck = new Writable({ write: () => {} });
  const sinks = new LogSinks(new TimerWheel({ clock: new VirtualClock() }), { stdout: stuck, stderr: stuck });
  const sink = sinks.open('/dev/stdout');
  for (let count = 0; count < 100; count++) sink.write('x'.repeat(100_000));
  expect(sink.dropped).toBeGreaterThan(40);
  expect(stuck.writableLength).toBeLessThan(5_000_000);
});
