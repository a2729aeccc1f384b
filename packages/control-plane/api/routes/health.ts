import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';

/** The level of the Kubernetes API that this one follows. */
const kubernetes = { major: '1', minor: '34' };

/** /version and the probes; the probes need no token and say no more than that we are here. */
export function healthRoutes(app: FastifyInstance, { store }: ApiContext, release: string): void {
  app.get('/version', async () => ({
    ...kubernetes,
    gitVersion: `v${kubernetes.major}.${kubernetes.minor}.0+tulle.${release}`,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: `node ${process.version}`,
    platform: `${process.platform}/${process.arch}`,
  }));
  for (const path of ['/healthz', '/livez'])
    app.get(path, async (_, reply) => reply.type('text/plain').send('ok'));
  app.get('/readyz', async (_, reply) => {
    await store.get({ group: '', plural: 'namespaces', namespace: '', name: 'default' });
    return reply.type('text/plain').send('ok');
  });
}
