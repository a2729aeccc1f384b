import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tulle-main-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(dir, { recursive: true, force: true });
});

function start(changes: Record<string, unknown> = {}, stderr: number | 'ignore' = 'ignore'): ChildProcess {
  const config = join(dir, 'config.json');
  const settings = { mesh: 'test', trustDomain: 'mesh.test', stateDir: dir, lifelineFd: 3, ...changes };
  writeFileSync(config, JSON.stringify(settings), { mode: 0o600 });
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--config', config], {
    stdio: ['ignore', 'pipe', stderr, 'pipe'],
  });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<Record<string, unknown>> {
  const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  return JSON.parse(line as string);
}

describe('the control plane as a process', () => {
  it('says when it is ready and where, and ends on SIGTERM', async () => {
    const child = start();
    const ready = await firstLine(child);
    expect(ready).toMatchObject({
      ready: true,
      trustDomain: 'mesh.test',
      identity: 'spiffe://mesh.test/ns/tulle-system/sa/control-plane',
    });
    expect((await fetch(`${ready.api}/readyz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('ends when its supervisor is gone', async () => {
    const child = start();
    await firstLine(child);
    child.stdio[3]?.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('comes back on its ports after kill -9', async () => {
    const first = start();
    const before = await firstLine(first);
    first.kill('SIGKILL');
    await once(first, 'exit');
    expect(await firstLine(start())).toEqual(before);
  });

  it('goes on where its log has no room', async () => {
    const full = openSync('/dev/full', 'w');
    const child = start({}, full);
    closeSync(full);
    const { api } = await firstLine(child);
    // Its last line is one that it can't write.
    expect((await fetch(`${api}/readyz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('says why it did not start', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    try {
      const { port } = holder.address() as { port: number };
      const child = start({ apiPort: port });
      const exit = once(child, 'exit');
      expect(await firstLine(child)).toMatchObject({ ready: false, code: 'EADDRINUSE' });
      expect(await exit).toEqual([1, null]);
      expect(existsSync(join(dir, 'kubeconfig'))).toBe(false);
    } finally {
      holder.close();
    }
  });

  it.each([
    [{ mesh: '' }, 'mesh must be a string'],
    [{ stateDir: 'relative' }, 'stateDir must be an absolute path'],
    [{ apiPort: 'x' }, 'apiPort must be an integer'],
  ])('refuses the configuration %j', async (changes, message) => {
    const child = start(changes);
    const exit = once(child, 'exit');
    const line = await firstLine(child);
    expect(line.message).toContain(message);
    expect(await exit).toEqual([1, null]);
  });
});
