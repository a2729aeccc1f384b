/** `npm start` as people run it: in a terminal, which tmux is here. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { expect, test } from 'vitest';
import { fetchOnce } from '../load.ts';
import { eventually, root, temporaryFolder } from '../mesh.ts';
import { isRunning, pidsMentioning, processesOf } from '../processes.ts';
import { describeWithPeers } from './peer.ts';

const services = [
  ['ingressgateway', '-'],
  ['details', 'v1'],
  ['productpage', 'v1'],
  ['ratings', 'v1'],
  ['reviews', 'v1'],
  ['reviews', 'v2'],
  ['reviews', 'v3'],
];

/** Cleanups of a test, last first. */
const cleanups = cleanupAfterEach();

interface Terminal {
  type(...keys: string[]): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** What is on the screen, without the blank lines at its end. */
  screen(): Promise<string>;
  /** Everything that was written, lines that have scrolled away included. */
  history(): Promise<string>;
  readonly cursorIsShown: () => Promise<boolean>;
}

/** A shell in a terminal of its own tmux server. */
async function openTerminal(folder: string, columns: number, rows: number): Promise<Terminal> {
  const socket = join(folder, 'tmux');
  const tmux = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('tmux', ['-f', '/dev/null', '-S', socket, ...args])).stdout;
  const shell = "exec env -u NO_COLOR PS1='$ ' bash --norc --noprofile";
  await tmux('new-session', '-d', '-x', `${columns}`, '-y', `${rows}`, '-c', root, shell);
  cleanups.push(async () => {
    // What still runs in it gets SIGHUP and stops; its folder must stay until then.
    await tmux('kill-server');
    await eventually('all has ended', async () => (pidsMentioning(folder).length === 0 ? true : undefined));
  });
  return {
    type: async (...keys) => void (await tmux('send-keys', ...keys)),
    resize: async (x, y) => void (await tmux('resize-window', '-x', `${x}`, '-y', `${y}`)),
    screen: async () => (await tmux('capture-pane', '-p')).trimEnd(),
    // -J joins what the terminal has wrapped.
    history: async () => (await tmux('capture-pane', '-p', '-J', '-S', '-')).trimEnd(),
    cursorIsShown: async () => (await tmux('display', '-p', '#{cursor_flag}')).trim() === '1',
  };
}

interface Row {
  readonly name: string;
  readonly version: string;
  readonly health: string;
  readonly rate: number;
  /** The cells after it: success, p50, p99. */
  readonly rest: readonly string[];
}

/** The live table's rows, as far as they are whole. */
function rowsOn(screen: string): readonly Row[] {
  const lines = screen.split('\n');
  const heading = lines.findLastIndex((line) => line.startsWith('SERVICE'));
  return lines.slice(heading + 1).flatMap((line): Row[] => {
    const cells = /^(\S+) +(\S+) +(\S+) +([●○] \S+) +(\S+) +(\S+) +(\S+) +(\S+)$/.exec(line.trimEnd());
    if (cells === null) return [];
    const [, name = '', version = '', , health = '', rate = '', ...rest] = cells;
    return [{ name, version, health, rate: Number(rate), rest }];
  });
}

describeWithPeers('a terminal', ['tmux'], () => {
  for (const [columns, rows] of [
    [120, 40],
    [80, 24],
  ] as const) {
    test(`${columns} × ${rows}: the live table, a resize, Ctrl-C`, async () => {
      const folder = temporaryFolder();
      cleanups.push(folder.remove);
      const stateDir = join(folder.path, 'state');
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const terminal = await openTerminal(folder.path, columns, rows);
      await terminal.type(`npm start -- --port ${port} --state ${stateDir}`, 'Enter');
      const table = (what: string, wanted: (rows: readonly Row[]) => boolean): Promise<readonly Row[]> =>
        eventually(what, async () => {
          const shown = rowsOn(await terminal.screen());
          return wanted(shown) ? shown : undefined;
        });

      // Set-up may have something to build first.
      await eventually('the mesh is ready', async () =>
        (await terminal.history()).includes('Try next') ? true : undefined,
      ).catch(async (error: Error) => {
        throw new Error(`${error.message}:\n${await terminal.history()}`);
      });
      const healthy = await table(
        'all services are healthy',
        (shown) => shown.length === services.length && shown.every(({ health }) => health === '● healthy'),
      );
      expect(healthy.map(({ name, version }) => [name, version])).toEqual(services);
      expect(await terminal.screen()).toContain(`${url}/productpage`);
      expect(await terminal.cursorIsShown()).toBe(false);

      // Load shows as requests per second, success and latencies of every service.
      let loading = true;
      const load = (async () => {
        while (loading) await fetchOnce(`${url}/productpage`);
      })();
      const busy = await table('every service has traffic', (shown) =>
        services.every((_, at) => (shown[at]?.rate ?? 0) > 0),
      );
      for (const { rest } of busy) {
        expect(rest[0]).toBe('100%');
        expect(rest[1]).toMatch(/^[\d.]+(ms|s)$/);
        expect(rest[2]).toMatch(/^[\d.]+(ms|s)$/);
      }
      loading = false;
      await load;
      await table('the traffic ends', (shown) => shown.length > 0 && shown.every(({ rate }) => rate === 0));

      // One table after a resize, whole, and what stood above it.
      await terminal.resize(columns - 5, rows + 6);
      await table('the table is drawn anew', (shown) => shown.length === services.length);
      const resized = await terminal.screen();
      expect(resized.match(/^SERVICE/gm)).toHaveLength(1);
      expect(resized).toContain(`${url}/productpage`);
      await terminal.resize(40, 8);
      await eventually('it is cut to a small terminal', async () => {
        const lines = (await terminal.screen()).split('\n');
        return lines.length <= 8 && lines.some((line) => /… \d+ more lines/.test(line)) ? true : undefined;
      });
      await terminal.resize(columns, rows);
      await table('and whole again', (shown) => shown.length === services.length);

      const processes = processesOf(stateDir);
      await terminal.type('C-c');
      await eventually('the shell is back', async () =>
        /\nstopped\n\$$/.test(await terminal.screen()) ? true : undefined,
      );
      expect(processes.filter(({ pid }) => isRunning(pid))).toEqual([]);
      expect(pidsMentioning(stateDir)).toEqual([]);
      expect(await terminal.cursorIsShown()).toBe(true);
      const last = await terminal.screen();
      expect(last).toContain('SIGINT: stopping');
      expect(last).not.toContain('^C');
      // The terminal echoes and edits as before.
      await terminal.type('echo still h', 'BSpace', 'here', 'Enter');
      await eventually('the shell answers', async () =>
        /\$ echo still here\nstill here\n\$$/.test(await terminal.screen()) ? true : undefined,
      );
    });
  }
});
