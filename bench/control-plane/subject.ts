import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { proxyCore } from '../system/cpu.ts';
import { type Program, startProgram } from '../system/program.ts';
import { trustDomain } from './mesh.ts';

const program = join(import.meta.dirname, '..', '..', 'packages', 'control-plane', 'main.ts');

/** The control plane under test: the real program on a core of its own. */
export interface Subject {
  readonly program: Program;
  readonly address: string;
  readonly xdsPort: number;
  readonly identity: string;
  /** Resolves with the API's answer. @throws Error for a status of 400 and above */
  request(method: string, path: string, body: unknown): Promise<void>;
  /** Counters of /metrics. */
  counter(name: string): Promise<number>;
}

/** Starts one on the state that `seed` made. */
export async function startSubject(stateDir: string): Promise<Subject> {
  const config = join(stateDir, 'config.json');
  writeFileSync(config, JSON.stringify({ mesh: 'bench', trustDomain, stateDir }), { mode: 0o600 });
  const started = startProgram(process.execPath, [program, '--config', config], { core: proxyCore });
  const { stdout } = started.child;
  if (stdout === null) throw new Error('the control plane has no output');
  const [line] = (await once(createInterface({ input: stdout }), 'line')) as [string];
  const ready = JSON.parse(line) as {
    ready: boolean;
    message?: string;
    api: string;
    address: string;
    xdsPort: number;
    identity: string;
  };
  if (!ready.ready) throw new Error(`the control plane did not start: ${ready.message}`);
  const token = readFileSync(join(stateDir, 'api-token'), 'utf8').trim();
  const authorization = `Bearer ${token}`;
  return {
    ...ready,
    program: started,
    async request(method, path, body) {
      const answer = await fetch(`${ready.api}${path}`, {
        method,
        headers: { authorization, 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify(body),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    },
    async counter(name) {
      const answer = await fetch(`${ready.api}/metrics`, { headers: { authorization } });
      const text = await answer.text();
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
    },
  };
}
