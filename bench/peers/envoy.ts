import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proxyCore } from '../system/cpu.ts';
import { listening, startProgram } from '../system/program.ts';
import { envoyConfiguration } from './envoy-configuration.ts';
import { envoyPath } from './find.ts';
import type { Peer } from './peer.ts';

export const envoy: Peer = {
  name: 'envoy',
  protocols: ['http1', 'http2', 'tcp'],
  work: 'router; x-request-id, 2 retries as Istio, path normalisation, own statistics, no access log',
  version: () =>
    /version: \w+\/(\d+\.\d+\.\d+)\//.exec(
      execFileSync(envoyPath(), ['--version'], { encoding: 'utf8' }),
    )?.[1] ?? 'unknown',
  async start(plan) {
    const file = join(plan.folder, `envoy-${plan.port}.json`);
    writeFileSync(file, JSON.stringify(envoyConfiguration(plan)));
    const flags = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
    const program = startProgram(envoyPath(), ['-c', file, ...flags], { core: proxyCore });
    await listening(plan.port);
    return { program };
  },
};
