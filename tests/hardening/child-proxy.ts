import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Census } from './census.ts';
import type { ProxyShape, Verdict } from './proxy.ts';

export type ChildShape = Omit<ProxyShape, 'retry' | 'tls'> & {
  readonly kind: 'http' | 'tcp';
  readonly backendPort: number;
};

export type ChildQuestion = 'report';

export interface ChildReport {
  readonly port: number;
  /** Bytes, after a garbage collection. */
  readonly rss: number;
  readonly heap: number;
  /** Of the process so far. */
  readonly cpuMs: number;
  readonly census: Census;
  /** What has ended since the last report. */
  readonly ended: readonly Verdict[];
}

/** The real proxy in a process of its own, so that its memory and time are nobody else's. */
export interface ChildProxy {
  readonly port: number;
  readonly pid: number;
  report(): Promise<ChildReport>;
  close(): Promise<void>;
}

export async function childProxy(shape: ChildShape): Promise<ChildProxy> {
  const child = fork(join(import.meta.dirname, 'child-program.ts'), [JSON.stringify(shape)], {
    // As users run it: see main.ts's young generation in docs/performance.md.
    execArgv: ['--expose-gc', '--max-semi-space-size=1'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const answer = async (): Promise<ChildReport> => {
    const gone = once(child, 'exit').then(() => {
      throw new Error('the proxy has died');
    });
    gone.catch(() => {});
    const [report] = (await Promise.race([once(child, 'message'), gone])) as [ChildReport];
    return report;
  };
  const { port } = await answer();
  return {
    port,
    pid: child.pid as number,
    report: () => {
      child.send('report' satisfies ChildQuestion);
      return answer();
    },
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
