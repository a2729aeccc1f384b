import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nodeFlags } from '@tulle/data-plane/node-flags';
import { proxyCore } from '../system/cpu.ts';
import { listening, startProgram } from '../system/program.ts';
import type { Peer } from './peer.ts';
import { bundleProgram } from './tulle-bundle.ts';

export const tulle: Peer = {
  name: 'tulle',
  protocols: ['http1', 'http2', 'tcp'],
  work: 'istio.stats, router; x-request-id, 2 retries as Istio, path normalisation, Istio metrics, no access log',
  version: () => `on Node ${process.versions.node}`,
  async start(plan) {
    const file = join(plan.folder, `tulle-${plan.port}.json`);
    writeFileSync(file, JSON.stringify(plan));
    const extra = (process.env.TULLE_BENCH_FLAGS ?? '').split(' ').filter((flag) => flag !== '');
    // To compare with another checkout: its own program.
    const main = process.env.TULLE_BENCH_PROGRAM ?? (await bundleProgram(plan.folder));
    const program = startProgram(process.execPath, [...nodeFlags, ...extra, main, file], {
      core: proxyCore,
      stdin: 'pipe',
    });
    const { child } = program;
    const answers: ((bytes: number) => void)[] = [];
    if (child.stdout !== null)
      createInterface(child.stdout).on('line', (line) => answers.shift()?.(Number(line)));
    await listening(plan.port);
    return {
      program,
      allocatedBytes: () =>
        new Promise((resolve) => {
          answers.push(resolve);
          child.stdin?.write('allocated\n');
        }),
    };
  },
};
