/**
 * A machine of its own for tests that change network rules: a network and mount namespace with an `outside` one on the
 * other end of a cable, both gone with their holders. The host's rules are never touched.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Why such tests can't run here; undefined: they can. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  try {
    execFileSync(
      'unshare',
      ['-n', '-m', 'sh', '-c', 'nft list ruleset && ip link add probe0 type veth peer name probe1'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    return undefined;
  } catch (error) {
    const { stderr, message } = error as { readonly stderr?: Buffer; readonly message: string };
    return stderr?.toString().trim() || message;
  }
}

export interface Namespace {
  /** Words before a command that run it inside. */
  readonly inside: readonly string[];
  /** Runs a command inside; its stdout. @throws when it fails */
  readonly run: (...command: string[]) => Promise<string>;
}

export interface Machine extends Namespace {
  /** What lies beyond the default route, at `outsideAddress`. */
  readonly outside: Namespace;
  readonly close: () => Promise<void>;
}

export const outsideAddress = '10.99.0.2';
export const outsideIpv6 = 'fd99::2';

/** @param folder for files of the namespace's own: its resolv.conf @param more shell commands to set it up */
export async function openMachine(folder: string, more = ':'): Promise<Machine> {
  const resolvConf = join(folder, 'resolv.conf');
  writeFileSync(resolvConf, `nameserver ${outsideAddress}\nsearch lab.test\n`);
  const outside = await hold('ip link set lo up');
  const inner = await hold(
    `mount --bind '${resolvConf}' /etc/resolv.conf && ip link set lo up && ` +
      `ip link add inner type veth peer name outer && ip link set outer netns ${outside.pid} && ` +
      `ip addr add 10.99.0.1/24 dev inner && ip addr add fd99::1/64 dev inner nodad && ip link set inner up && ` +
      `ip route add default via ${outsideAddress} && ip route add default via ${outsideIpv6} && ${more}`,
  );
  const there = namespaceOf(outside);
  const addresses = `ip addr add ${outsideAddress}/24 dev outer && ip addr add ${outsideIpv6}/64 dev outer nodad`;
  await there.run('sh', '-c', `${addresses} && ip link set outer up`);
  return {
    ...namespaceOf(inner),
    outside: there,
    close: async () => {
      const gone = [inner, outside].map((holder) => once(holder, 'exit'));
      for (const holder of [inner, outside]) for (const pid of pidsIn(holder)) kill(pid);
      await Promise.all(gone);
    },
  };
}

/** A process that holds a namespace after `script` has run in it. */
async function hold(script: string): Promise<ChildProcess> {
  const holder = spawn('unshare', ['-n', '-m', 'sh', '-c', `${script} && echo held && exec sleep infinity`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const outcome = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  if (String(outcome[0]).trim() !== 'held') throw new Error(`no namespace: ${said}`);
  return holder;
}

function namespaceOf(holder: ChildProcess): Namespace {
  const inside = ['nsenter', '-t', String(holder.pid), '-n', '-m', '--'];
  return {
    inside,
    run: async (...command) => {
      const [program = '', ...args] = [...inside, ...command];
      const { stdout } = await promisify(execFile)(program, args, { timeout: 120_000 });
      return stdout;
    },
  };
}

/** Everything that runs in a namespace, its holder included: what a failed test has left, too. */
function pidsIn(holder: ChildProcess): number[] {
  const network = readlinkSync(`/proc/${holder.pid}/ns/net`);
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && networkOf(pid) === network);
}

function networkOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
