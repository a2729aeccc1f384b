import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import type { CertificateCall } from '@tulle/xds/client/certificates';
import type { Clock } from '@tulle/xds/clock';
import { formatEnrolmentToken } from '@tulle/xds/enrolment-token';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bootstrap } from '../bootstrap.ts';
import { type IdentityOptions, type ProxyIdentity, readIdentity, startIdentity } from './identity.ts';
import { PinError } from './pinned-root.ts';
import { SvidError } from './svid.ts';

const hour = 3600_000;
const uri = 'spiffe://mesh.test/ns/default/sa/reviews';
/** Certificates know whole seconds. */
const begin = Math.floor(Date.now() / 1000) * 1000;

/** Time moves when the test says so, to the next timer. */
class StepClock implements Clock {
  time = begin;
  timers: { at: number; run: () => void }[] = [];
  now = (): number => this.time;
  steady = (): number => this.time;
  after(ms: number, run: () => void): { cancel(): void } {
    const timer = { at: this.time + ms, run };
    this.timers.push(timer);
    const cancel = (): void => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
    return { cancel };
  }
  /** Runs the one timer that is set, and what only looks at the time; returns how long that took on this clock, in ms. */
  step(): number {
    const before = this.time;
    if (this.timers.length === 0) throw new Error('no timer is set');
    for (let timer = this.timers.shift(); timer !== undefined; timer = this.timers.shift()) {
      this.time = Math.max(this.time, timer.at);
      timer.run();
    }
    return this.time - before;
  }
}

let ca: TestAuthority;
let server: Server;
let port: number;
let stateDir: string;
let clock: StepClock;
let calls: CertificateCall[];
let failures: string[];
const open: ProxyIdentity[] = [];

beforeEach(async () => {
  clock = new StepClock();
  calls = [];
  failures = [];
  stateDir = mkdtempSync(join(tmpdir(), 'tulle-identity-'));
  ca = await testAuthority({ notBefore: begin - hour, notAfter: begin + 1000 * hour });
  const leaf = await ca.issue({
    uris: ['spiffe://mesh.test/cp'],
    notBefore: begin - hour,
    notAfter: begin + hour,
  });
  server = createServer({ key: leaf.keyPem, cert: leaf.chainPem + ca.rootPem });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  for (const identity of open.splice(0)) identity.close();
  await new Promise((resolve) => server.close(resolve));
  rmSync(stateDir, { recursive: true, force: true });
});

function options(
  changes: {
    pin?: string;
    token?: boolean;
    call?: IdentityOptions['callCertificateService'];
    newToken?: IdentityOptions['newToken'];
  } = {},
) {
  const token = formatEnrolmentToken({
    id: 'abcdefghijkl',
    secret: 's'.repeat(43),
    rootPin: changes.pin ?? ca.pin,
  });
  const bootstrap = {
    trustDomain: 'mesh.test',
    node: { metadata: { NAMESPACE: 'default', SERVICE_ACCOUNT: 'reviews' } },
    controlPlane: { address: '127.0.0.1', xdsPort: 1, enrolPort: port, identity: 'spiffe://mesh.test/cp' },
    stateDir,
    ...(changes.token === false ? {} : { enrolmentToken: token }),
  } as unknown as Bootstrap;
  const call = changes.call ?? sign;
  const callCertificateService: IdentityOptions['callCertificateService'] = (request) => {
    calls.push(request);
    return call(request);
  };
  const { newToken } = changes;
  const onFailure = (error: unknown): void => void failures.push((error as Error).message);
  return {
    ...{ bootstrap, clock, random: () => 0.5, callCertificateService, onFailure },
    ...(newToken === undefined ? {} : { newToken }),
  };
}

const sign = async ({ csrPem }: CertificateCall, name = uri) => {
  const leaf = await ca.issue({
    uris: [name],
    csrPem,
    notBefore: clock.time - 120_000,
    notAfter: clock.time + 24 * hour,
  });
  return { certChain: [leaf.chainPem, ca.rootPem] };
};

async function start(changes?: Parameters<typeof options>[0]): Promise<ProxyIdentity> {
  const identity = await startIdentity(options(changes));
  open.push(identity);
  return identity;
}

describe('enrolment', () => {
  it('sends the token to the server that the token pins, and keeps key and chain for the owner alone', async () => {
    const identity = await start();
    expect(identity.uri).toBe(uri);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.token).toMatch(/^tulle1\./);
    expect(calls[0]?.tls.ca.replace(/\s/g, '')).toBe(ca.rootPem.replace(/\s/g, ''));
    expect(statSync(join(stateDir, 'svid.json')).mode & 0o777).toBe(0o600);
  });

  it('sends nothing to a server of another authority', async () => {
    await expect(start({ pin: '00'.repeat(32) })).rejects.toThrow(PinError);
    expect(calls).toHaveLength(0);
  });

  it('is tried again with growing pauses while the service is away, and not after a refusal', async () => {
    const away = Object.assign(new Error('unavailable'), { code: 14 });
    const refusal = Object.assign(new Error('spent'), { code: 16 });
    const call = vi.fn(async () => Promise.reject(call.mock.calls.length < 3 ? away : refusal));
    const starting = start({ call });
    starting.catch(() => undefined);
    const waits: number[] = [];
    for (let i = 0; i < 2; i++) {
      await expect.poll(() => clock.timers.length).toBe(1);
      waits.push(clock.step());
    }
    await expect(starting).rejects.toThrow('spent');
    expect(waits).toEqual([100, 200]);
    // A server that has spent the token on it knows it again.
    expect(new Set(calls.map(({ csrPem }) => csrPem)).size).toBe(1);
  });

  it.each([
    ['for somebody else', (call: CertificateCall) => sign(call, 'spiffe://mesh.test/ns/default/sa/admin')],
    [
      'for another key',
      async () => ({
        certChain: [
          (await ca.issue({ uris: [uri], notBefore: begin - hour, notAfter: begin + hour })).chainPem,
          ca.rootPem,
        ],
      }),
    ],
    [
      'of another authority',
      async (call: CertificateCall) => ({
        certChain: [
          (await sign(call)).certChain[0] as string,
          (await testAuthority({ notBefore: begin, notAfter: begin + hour })).rootPem,
        ],
      }),
    ],
    ['without a chain', async () => ({ certChain: [] })],
  ])('refuses a certificate %s', async (_, call) => {
    await expect(start({ call })).rejects.toThrow(SvidError);
  });
});

describe('a stored SVID', () => {
  it('serves while the control plane is away', async () => {
    const first = await start();
    server.close();
    const again = await start({ token: false });
    expect(again.current()).toEqual(first.current());
    expect(calls).toHaveLength(1);
  });

  it('is not used when it has expired, is damaged, or the token pins another authority', async () => {
    await start();
    clock.time += 25 * hour;
    await expect(start({ token: false })).rejects.toThrow(PinError);
    clock.time -= 25 * hour;
    await expect(start({ pin: '11'.repeat(32) })).rejects.toThrow(PinError);
    writeFileSync(join(stateDir, 'svid.json'), '{"keyPem": 1}');
    await expect(start({ token: false })).rejects.toThrow(PinError);
    expect(calls).toHaveLength(1);
  });
});

describe('rotation', () => {
  it('comes at half life over mTLS with a new key, and tells', async () => {
    const identity = await start();
    const first = identity.current();
    const rotated = new Promise((resolve) => identity.onRotate(resolve));
    expect(clock.step()).toBe(12 * hour - 60_000);
    await rotated;
    expect(calls[1]).toMatchObject({ port: 1, tls: { cert: first.chainPem, key: first.keyPem } });
    expect(calls[1]?.token).toBeUndefined();
    expect(identity.current().keyPem).not.toBe(first.keyPem);
    expect(clock.timers).toHaveLength(1);
  });

  it('is not missed by a machine that sleeps over it: the time is looked at every few seconds', async () => {
    const identity = await start();
    expect(clock.timers.map(({ at }) => at - clock.time)).toEqual([5_000]);
    clock.time += 20 * hour;
    const rotated = new Promise((resolve) => identity.onRotate(resolve));
    expect(clock.step()).toBe(0);
    await rotated;
  });

  it('does not come again and again where the clock is far ahead of the issuer’s', async () => {
    const call = async (request: CertificateCall) => {
      const notBefore = clock.time - 20 * hour;
      const { csrPem } = request;
      const leaf = await ca.issue({ uris: [uri], csrPem, notBefore, notAfter: notBefore + 24 * hour });
      return { certChain: [leaf.chainPem, ca.rootPem] };
    };
    const identity = await start({ call });
    const rotated = new Promise((resolve) => identity.onRotate(resolve));
    expect(clock.step()).toBe(0);
    await rotated;
    expect(clock.step()).toBe(0.3 * 4 * hour);
  });

  it('is tried again when it fails, while the old SVID serves', async () => {
    let fail = false;
    const call = async (request: CertificateCall) =>
      fail ? Promise.reject(new Error('away')) : sign(request);
    const identity = await start({ call });
    const first = identity.current();
    fail = true;
    clock.step();
    await expect.poll(() => clock.timers.length).toBe(1);
    expect(identity.current()).toBe(first);
    fail = false;
    const rotated = new Promise((resolve) => identity.onRotate(resolve));
    expect(clock.step()).toBe(100);
    await rotated;
    expect(identity.current()).not.toBe(first);
  });
});

it('serves where it can’t be stored, and is stored and told of again once there is room', async () => {
  const identity = await start();
  const first = readIdentity(options().bootstrap, clock.time);
  // A folder is in the way, as a full disk is.
  mkdirSync(join(stateDir, 'svid.json.partial', 'full'), { recursive: true });
  const rotated = new Promise((resolve) => identity.onRotate(resolve));
  clock.step();
  await rotated;
  expect(failures).toHaveLength(1);
  expect(identity.current()).not.toEqual(first);
  expect(readIdentity(options().bootstrap, clock.time)).toEqual(first);
  rmSync(join(stateDir, 'svid.json.partial'), { recursive: true });
  const told = new Promise((resolve) => identity.onRotate(resolve));
  clock.time += 60_000;
  for (const timer of clock.timers.filter(({ at }) => at <= clock.time)) timer.run();
  expect(await told).toBe(identity.current());
  expect(readIdentity(options().bootstrap, clock.time)).toEqual(identity.current());
});

describe('an SVID that has expired', () => {
  /** Of a machine that has slept for longer than an SVID lives. */
  async function oversleep(newToken?: IdentityOptions['newToken']) {
    const identity = await start({ ...(newToken === undefined ? {} : { newToken }) });
    const rotated = new Promise((resolve) => identity.onRotate(resolve));
    clock.time += 30 * hour;
    const leaf = await ca.issue({
      uris: ['spiffe://mesh.test/cp'],
      notBefore: clock.time - hour,
      notAfter: clock.time + hour,
    });
    server.setSecureContext({ key: leaf.keyPem, cert: leaf.chainPem + ca.rootPem });
    clock.step();
    return { identity, rotated };
  }
  const token = (rootPin: string) =>
    formatEnrolmentToken({ id: 'second-token', secret: 't'.repeat(43), rootPin });

  it('is not shown: the proxy enrols again, with a token of whoever started it', async () => {
    const { identity, rotated } = await oversleep(async () => token(ca.pin));
    await rotated;
    expect(calls).toHaveLength(2);
    expect(calls[1]).toMatchObject({ port, token: token(ca.pin) });
    expect(calls[1]?.tls).not.toHaveProperty('cert');
    expect(identity.current().notAfter).toBe(clock.time + 24 * hour);
    expect(readIdentity({ ...options().bootstrap }, clock.time)).toEqual(identity.current());
  });

  it('stays when there is no token, or one of another mesh; that is said, and tried again', async () => {
    const given = [
      () => Promise.reject(new Error('the control plane does not answer')),
      () => Promise.resolve(token('00'.repeat(32))),
      () => Promise.resolve(token(ca.pin)),
    ];
    const { identity, rotated } = await oversleep(
      () => given.shift()?.() ?? Promise.reject(new Error('no more')),
    );
    const expired = identity.current();
    for (let attempt = 1; attempt <= 2; attempt++) {
      await expect.poll(() => failures.length).toBe(attempt);
      expect(calls).toHaveLength(1);
      expect(identity.current()).toBe(expired);
      await expect.poll(() => clock.timers.length).toBe(1);
      clock.step();
    }
    await rotated;
    const ended = new Date(expired.notAfter).toISOString();
    expect(failures).toEqual([
      `the certificate has expired (${ended}), and there is no token for another: the control plane does not answer`,
      'the server does not show the certificate authority of the token',
    ]);
  });

  it('stays where nobody can give another token: the log says what to do', async () => {
    await oversleep();
    await expect.poll(() => failures.length).toBe(1);
    expect(failures[0]).toMatch(/^the certificate has expired .*: start the proxy again, with a new one$/);
    expect(calls).toHaveLength(1);
  });
});
