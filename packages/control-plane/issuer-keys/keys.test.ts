/** From an issuer's URL to the condition on its resource, through a whole control plane. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Condition } from '@tulle/resources/kind';
import { expect, it } from 'vitest';
import { startControlPlane } from '../control-plane.ts';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

it('fetches the keys of issuers, says when it can’t, and has the last good ones after a restart', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'tulle-keys-'));
  const server = createServer((_request, response) =>
    response.end(JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] })),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const start = () =>
    startControlPlane({ config: { mesh: 'test', trustDomain: 'mesh.test', stateDir }, log: () => {} });
  const resources = '/apis/security.istio.io/v1/namespaces/default/requestauthentications';
  const ask = async (plane: { readonly api: string }, path: string, body?: object): Promise<unknown> => {
    const token = readFileSync(join(stateDir, 'api-token'), 'utf8').trim();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    return (await fetch(plane.api + path, { headers, ...sent })).json();
  };
  const condition = async (plane: { readonly api: string }, name: string): Promise<Condition | undefined> => {
    const { status } = (await ask(plane, `${resources}/${name}`)) as {
      status?: { conditions?: Condition[] };
    };
    return status?.conditions?.find(({ type }) => type === 'KeysFetched');
  };
  const rule = (name: string, uri: string) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name },
    spec: { jwtRules: [{ issuer: name, jwksUri: uri }] },
  });
  let plane = await start();
  try {
    await ask(plane, resources, rule('good', jwksUri));
    await ask(plane, resources, rule('bad', 'http://169.254.169.254/keys'));
    await expect.poll(() => condition(plane, 'good')).toMatchObject({ status: 'True', reason: 'Fetched' });
    await expect
      .poll(() => condition(plane, 'bad'))
      .toMatchObject({
        status: 'False',
        reason: 'FetchFailed',
        message:
          'http://169.254.169.254/keys: 169.254.169.254 is an address that is not asked; tokens are refused',
      });
    await plane.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    plane = await start();
    await expect
      .poll(() => condition(plane, 'good'))
      .toMatchObject({
        status: 'False',
        message: expect.stringMatching(/ECONNREFUSED.*the keys of before are used/),
      });
  } finally {
    await plane.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
});
