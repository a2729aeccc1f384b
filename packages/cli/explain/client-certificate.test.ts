import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './run.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'explain-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  const [partners, others] = await Promise.all([testAuthority(), testAuthority()]);
  const leaf = await partners.issue({ dnsNames: ['alice.test'] });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  writeFileSync(join(folder, 'alice.pem'), leaf.chainPem);
  writeFileSync(join(folder, 'other.pem'), (await others.issue({ dnsNames: ['alice.test'] })).chainPem);
  writeFileSync(
    join(folder, 'edge.yaml'),
    `apiVersion: v1
kind: Secret
metadata: { name: edge, namespace: tulle-system }
type: kubernetes.io/tls
data: { tls.crt: ${base64(leaf.chainPem)}, tls.key: ${base64(leaf.keyPem)}, ca.crt: ${base64(partners.rootPem)} }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 443, name: open, protocol: HTTPS }
      hosts: [open.example.com]
      tls: { mode: SIMPLE, credentialName: edge }
    - port: { number: 443, name: partners, protocol: HTTPS }
      hosts: [partners.example.com]
      tls:
        mode: MUTUAL
        credentialName: edge
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: edge }
spec:
  hosts: ["*.example.com"]
  gateways: [edge]
  http: [{ directResponse: { status: 204 } }]
`,
  );
});

const explain = (host: string, ...words: string[]) =>
  run(
    ['explain', `https://${host}.example.com:8443/`, '--from', 'ingressgateway', '-f', 'edge.yaml', ...words],
    folder,
  );

test('none is shown: the handshake fails, and server, field and line are told', async () => {
  const { code, stdout } = await explain('partners');
  expect(code).toBe(0);
  expect(stdout).toContain('Gateway default/edge spec.servers[1].tls.mode');
  expect(stdout).toContain('edge.yaml:19');
  expect(stdout).toContain('the TLS handshake fails: the client must show a certificate');
  const { listener, error, outcomes } = JSON.parse((await explain('partners', '-o', 'json')).stdout);
  expect([listener.tls.handshake, error.details, outcomes]).toEqual(['refused', 'tls_handshake', []]);
  expect(listener.tls.origins).toEqual([
    expect.objectContaining({ path: 'spec.servers[1].tls.mode', file: 'edge.yaml', line: 19 }),
  ]);
});

test('one that is shown is accepted, or not', async () => {
  const tls = async (...words: string[]) => {
    const { listener, directResponse } = JSON.parse(
      (await explain(...(words as [string]), '-o', 'json')).stdout,
    );
    return [listener.tls.handshake, listener.tls.reason, directResponse?.status];
  };
  expect(await tls('partners', '--client-cert', 'alice.pem')).toEqual(['accepted', undefined, 204]);
  expect(await tls('partners', '--client-cert', 'other.pem')).toEqual([
    'refused',
    'no root of the server has signed the client’s certificate',
    undefined,
  ]);
  expect(await tls('open')).toEqual(['accepted', undefined, 204]);
});

test('a file without a certificate', async () => {
  const { code, stderr } = await explain('partners', '--client-cert', 'edge.yaml');
  expect([code, stderr]).toEqual([1, expect.stringContaining('there is no certificate in it')]);
});
