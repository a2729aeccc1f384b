/** A mesh with one application, and a limit that its proxies share. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Mesh, startMesh } from './mesh.ts';

const file = (settings: string): string => `
apiVersion: tulle.dev/v1alpha1
kind: Mesh
metadata: { name: limited }
spec: { ${settings} }
---
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: app }
spec:
  command: [node, -e, "require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, '127.0.0.1')"]
  labels: { app: app }
  ports: [{ name: http, port: 80 }]
  upstreams: []
---
apiVersion: v1
kind: Service
metadata: { name: app }
spec: { selector: { app: app }, ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: app }
spec: { hosts: ['*'], gateways: [edge], http: [{ route: [{ destination: { host: app } }] }] }
`;

const policy = `
apiVersion: tulle.dev/v1alpha1
kind: RateLimitPolicy
metadata: { name: users }
spec:
  targetRefs: [{ kind: Gateway, name: edge }]
  scope: MESH
  limits:
    - name: users
      by: [header: x-user]
      requests: 3
      per: 1000000s
      overrides: [{ values: [vip], requests: 5 }]
  response: { rateLimitHeaders: RATELIMIT }
  service: { timeout: 5s, onFailure: DENY }
`;

/** @param settings of the Mesh's spec, in YAML's flow style */
export function startLimitedMesh(folder: string, settings = ''): Promise<Mesh> {
  const path = join(folder, 'mesh.yaml');
  writeFileSync(path, file(settings));
  writeFileSync(join(folder, 'policy.yaml'), policy);
  return startMesh(path, join(folder, 'state'));
}

/** Three requests of each user, `vip` five; refused while nobody counts. */
export const applyLimit = (mesh: Mesh, folder: string): Promise<string> =>
  mesh.ok('apply', '-f', join(folder, 'policy.yaml'));
