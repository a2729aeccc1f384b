import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@tulle/xds/clock';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Front, type ServingCertificate } from './front.ts';
import { openServingCertificate } from './serving-certificate.ts';

const directory = mkdtempSync(join(tmpdir(), 'tulle-front-'));
const clock = new ManualClock();
let tls: ServingCertificate;
beforeAll(async () => {
  tls = await openServingCertificate(directory, { clock: systemClock });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the serving certificate', () => {
  test('is kept, for its owner alone, until it is near its end, damaged or of another address', async () => {
    expect(statSync(join(directory, 'api-tls.pem')).mode & 0o777).toBe(0o600);
    expect(await openServingCertificate(directory, { clock: systemClock })).toEqual(tls);
    const own = mkdtempSync(join(directory, 'own-'));
    const open = (address = '127.0.0.1') => openServingCertificate(own, { clock, address });
    const first = await open();
    expect(await open()).toEqual(first);
    const other = await open('10.1.2.3');
    expect(new X509Certificate(other.certPem).checkIP('10.1.2.3')).toBe('10.1.2.3');
    clock.advance(680 * 86_400_000);
    const renewed = await open('10.1.2.3');
    expect(renewed).not.toEqual(other);
    writeFileSync(join(own, 'api-tls.pem'), renewed.keyPem + other.certPem);
    expect((await open('10.1.2.3')).certPem).not.toBe(other.certPem);
  });
});

/** A front with a certificate that answers with what it was asked by. */
async function startFront() {
  const front = new Front(
    ({ socket }, response) => response.end('encrypted' in socket ? 'https' : 'http'),
    { headersTimeout: 10_000 },
    tls,
  );
  const { port } = (await front.listen(0, '127.0.0.1')).address() as AddressInfo;
  return { front, port };
}

const overTls = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', ca: tls.certPem, agent: false }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    });
    sent.on('error', reject).end();
  });

describe('one port', () => {
  test('answers HTTP and HTTPS', async () => {
    const { front, port } = await startFront();
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('http');
    expect(await overTls(port)).toBe('https');
    await front.close(systemClock);
  });

  test('closes with connections open that never said a word, and twice', async () => {
    const { front, port } = await startFront();
    const silent = connect(port, '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const ended = new Promise((resolve) => silent.once('close', resolve));
    await overTls(port);
    await front.close(systemClock);
    await ended;
    await front.close(systemClock);
  });

  test('a port that is taken is the error of listen', async () => {
    const { front, port } = await startFront();
    const second = new Front((_, response) => response.end(), {}, undefined);
    await expect(second.listen(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await second.close(systemClock);
    await front.close(systemClock);
  });
});
