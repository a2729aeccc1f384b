/** See child-proxy.ts: the proxy in a process of its own, driven by messages of its parent. */
import { census } from './census.ts';
import type { ChildQuestion, ChildReport, ChildShape } from './child-proxy.ts';
import { httpProxy, tcpProxy } from './proxy.ts';

const shape = JSON.parse(process.argv[2] as string) as ChildShape;
const start =
  shape.kind === 'http' ? httpProxy(shape.backendPort, shape) : tcpProxy(shape.backendPort, {}, shape);
const proxy = await start;
let answered = 0;

function report(): ChildReport {
  globalThis.gc?.();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const ended = proxy.ended.slice(answered);
  answered = proxy.ended.length;
  return {
    port: proxy.port,
    rss,
    heap: heapUsed + external + arrayBuffers,
    cpuMs: (user + system) / 1000,
    census: census(proxy.engine),
    ended,
  };
}

process.on('message', (question: ChildQuestion) => {
  if (question === 'report') process.send?.(report());
});
process.on('disconnect', () => process.exit(0));
process.send?.(report());
