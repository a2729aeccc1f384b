import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAuthority } from '../../identity/authority.ts';
import type { Bound } from '../../identity/bound.ts';
import { claimsDigest } from '../../identity/claims.ts';
import { newKeyPem, signingKeys } from '../../identity/key-file.ts';
import { x509 } from '../../identity/x509.ts';
import { admit } from './admission.ts';

let certificate: Uint8Array;
let bound: Uint8Array;
/** Issued to the instance shell-0 of workload shell. */
let claiming: Uint8Array;
let root: Uint8Array;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tulle-admission-'));
  const authority = await openAuthority(dir, { trustDomain: 'mesh.test', clock: new ManualClock() });
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: await signingKeys(newKeyPem()),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  const issue = async (to?: Bound): Promise<Uint8Array> => {
    const identity = { namespace: 'default', serviceAccount: 'reviews' };
    const { chain } = await authority.issue(identity, csr.toString('pem'), to);
    return new X509Certificate(chain[0] as string).raw;
  };
  certificate = await issue();
  bound = await issue({ commonName: 'reviews-v1-0' });
  const claims = claimsDigest({ role: 'sidecar', workload: 'shell', labels: { app: 'shell', version: 'a' } });
  claiming = await issue({ commonName: 'shell-0', claims });
  root = new X509Certificate(authority.roots).raw;
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const metadata = {
  NAMESPACE: 'default',
  SERVICE_ACCOUNT: 'reviews',
  NAME: 'reviews-v1-0',
  WORKLOAD_NAME: 'reviews-v1',
};
const id = 'sidecar~127.0.0.1~reviews-v1-0.default~default.svc.cluster.local';
const labels = { app: 'reviews', version: 'v1' };
const workload = (serviceAccount: string) => (_: string, name: string) =>
  name === 'reviews-v1'
    ? {
        apiVersion: 'tulle.dev/v1alpha1',
        kind: 'Workload',
        metadata: { name, namespace: 'default' },
        spec: { command: ['true'], serviceAccount, labels },
      }
    : undefined;
const mesh = {
  trustDomain: 'mesh.test',
  workload: () => undefined,
  group: () => undefined,
  registeredLabels: () => undefined,
};

describe('admission', () => {
  it('takes a proxy at its word where its certificate agrees', () => {
    for (const known of [mesh.workload, workload('reviews')]) {
      const admission = admit(certificate, { id, metadata }, { ...mesh, workload: known });
      expect(admission).toMatchObject({
        kind: 'admitted',
        proxy: {
          id: 'reviews-v1-0.default',
          role: 'sidecar',
          identity: 'spiffe://mesh.test/ns/default/sa/reviews',
        },
      });
    }
  });

  it.each([
    ['another namespace', { ...metadata, NAMESPACE: 'other' }, id.replaceAll('default', 'other'), 7],
    ['another account', { ...metadata, SERVICE_ACCOUNT: 'admin' }, id, 7],
    ['another instance than its id', { ...metadata, NAME: 'reviews-v1-9' }, id, 3],
    ['another namespace than its id', metadata, id.replace('.default~', '.other~'), 3],
    ['no id', metadata, '', 3],
    ['a path for a name', { ...metadata, NAME: '../x' }, id, 3],
    ['a port that is none', { ...metadata, TULLE_ADMIN_PORT: 70_000 }, id, 3],
    ['labels that are no text', { ...metadata, LABELS: { app: {} } }, id, 3],
    ['no metadata', undefined, id, 3],
    ['a list for metadata', [], id, 3],
  ])('refuses %s', (_, given, nodeId, code) => {
    const node = given === undefined ? { id: nodeId } : { id: nodeId, metadata: given };
    expect(admit(certificate, node, mesh)).toMatchObject({ kind: 'refused', code });
  });

  it('refuses an account other than that of the Workload', () => {
    expect(admit(certificate, { id, metadata }, { ...mesh, workload: workload('payments') })).toMatchObject({
      kind: 'refused',
      code: 7,
      message: 'Workload reviews-v1 runs as payments, not as reviews',
    });
  });

  it('gives an instance the labels of its Workload, whatever it claims', () => {
    const claiming = { ...metadata, LABELS: { app: 'payments' } };
    const labelsOf = (changes: Partial<Parameters<typeof admit>[2]>): unknown => {
      const admission = admit(bound, { id, metadata: claiming }, { ...mesh, ...changes });
      return admission.kind === 'admitted' ? admission.proxy.metadata.LABELS : admission;
    };
    expect(labelsOf({ workload: workload('reviews') })).toEqual(labels);
    expect(labelsOf({})).toEqual({ app: 'payments' });
    // Admitted so under an earlier generation of the Workload: it is what it was.
    const registeredLabels = () => ({ app: 'payments' });
    expect(labelsOf({ workload: workload('reviews'), registeredLabels })).toEqual({ app: 'payments' });
  });

  it('takes an instance of a Workload that is a gateway for one, and not for a sidecar', () => {
    const asGateway = (_: string, name: string) => {
      const found = workload('reviews')(_, name);
      return found && { ...found, spec: { role: 'gateway', serviceAccount: 'reviews', labels } };
    };
    const known = { ...mesh, workload: asGateway };
    expect(admit(bound, { id: id.replace('sidecar', 'router'), metadata }, known)).toMatchObject({
      kind: 'admitted',
      proxy: { role: 'router', metadata: { LABELS: labels } },
    });
    expect(admit(bound, { id, metadata }, known)).toMatchObject({ code: 7 });
  });

  it('refuses an instance that its certificate is not for, another Workload than its own, and the part of a gateway', () => {
    const other = { ...metadata, NAME: 'reviews-v2-0', WORKLOAD_NAME: 'reviews-v2' };
    const otherId = id.replace('reviews-v1-0', 'reviews-v2-0');
    expect(admit(certificate, { id: otherId, metadata: other }, mesh)).toMatchObject({ kind: 'admitted' });
    expect(admit(bound, { id: otherId, metadata: other }, mesh)).toMatchObject({
      code: 7,
      message: 'the certificate is for reviews-v1-0, not for reviews-v2-0',
    });
    const known = { ...mesh, workload: workload('reviews') };
    expect(admit(bound, { id, metadata: { ...metadata, WORKLOAD_NAME: 'none' } }, known)).toMatchObject({
      code: 7,
      message: 'reviews-v1-0 is an instance of Workload reviews-v1, not of none',
    });
    expect(admit(bound, { id: id.replace('sidecar', 'router'), metadata }, known)).toMatchObject({ code: 7 });
  });

  it('lets what is no Workload be what its enrolment said, and nothing else', () => {
    const shell = {
      ...metadata,
      NAME: 'shell-0',
      WORKLOAD_NAME: 'shell',
      LABELS: { version: 'a', app: 'shell' },
    };
    const shellId = id.replace('reviews-v1-0', 'shell-0');
    expect(admit(claiming, { id: shellId, metadata: shell }, mesh)).toMatchObject({ kind: 'admitted' });
    for (const [given, at] of [
      [{ ...shell, LABELS: { app: 'payments', version: 'a' } }, shellId],
      [{ ...shell, WORKLOAD_NAME: 'payments-v1' }, shellId],
      [shell, shellId.replace('sidecar', 'router')],
    ] as const)
      expect(admit(claiming, { id: at, metadata: given }, mesh)).toMatchObject({ kind: 'refused', code: 7 });
    // Of a Workload that has come to be meanwhile, the resource decides.
    const payments = () => ({
      apiVersion: 'tulle.dev/v1alpha1',
      kind: 'Workload',
      metadata: { name: 'shell', namespace: 'default' },
      spec: { command: ['true'], serviceAccount: 'reviews', labels },
    });
    expect(
      admit(claiming, { id: shellId, metadata: { ...shell, LABELS: {} } }, { ...mesh, workload: payments }),
    ).toMatchObject({ kind: 'admitted', proxy: { metadata: { LABELS: labels } } });
  });

  it('lets no instance be a socket on the machines of those who call it', () => {
    for (const address of ['/run/docker.sock', '@abstract', 'localhost'])
      expect(admit(bound, { id: id.replace('127.0.0.1', address), metadata }, mesh)).toMatchObject({
        kind: 'refused',
        code: 3,
      });
  });

  it('refuses who shows nothing, a CA, or a certificate of another trust domain', () => {
    expect(admit(undefined, { id, metadata }, mesh)).toMatchObject({ code: 16 });
    expect(admit(root, { id, metadata }, mesh)).toMatchObject({ code: 16 });
    expect(admit(certificate, { id, metadata }, { ...mesh, trustDomain: 'other.test' })).toMatchObject({
      code: 16,
    });
  });
});
