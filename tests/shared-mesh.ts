import { afterAll, beforeAll } from 'vitest';
import { fetchOnce } from './load.ts';
import { eventually, type Mesh, startMesh, temporaryFolder } from './mesh.ts';

/**
 * The mesh that the tests of a file share: started before the first, stopped and removed after the last.
 * @param file below the repository's root
 */
export function sharedMesh(file: string): Mesh {
  const state = temporaryFolder();
  let mesh: Mesh | undefined;
  beforeAll(async () => {
    mesh = await startMesh(file, state.path);
  });
  afterAll(async () => {
    await mesh?.stop();
    state.remove();
  });
  const started = (): Mesh => {
    if (mesh === undefined) throw new Error('the mesh is started before the first test, not before that');
    return mesh;
  };
  return {
    stateDir: state.path,
    get url() {
      return started().url;
    },
    get port() {
      return started().port;
    },
    get supervisor() {
      return started().supervisor;
    },
    output: () => started().output(),
    tulle: (...args) => started().tulle(...args),
    ok: (...args) => started().ok(...args),
    stop: () => started().stop(),
  };
}

/** What is behind the gateway answers 200. */
export const untilServed = (mesh: Mesh): Promise<true> =>
  eventually('the mesh serves', async () => ((await fetchOnce(mesh.url)).status === 200 ? true : undefined));

/** All of the gateway's requests to one host. */
export const allTo = (host: string): string => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${host.split('.')[0]} }
spec: { hosts: ["*"], gateways: [edge], http: [{ route: [{ destination: { host: ${host} } }] }] }
`;
