/** A mesh with captured applications on a machine of its own, with a world outside: fixtures/capture. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually, type Mesh, root, startMesh, temporaryFolder } from './mesh.ts';
import { type Machine, openMachine, outsideAddress } from './network-namespace.ts';

const fixtures = join(root, 'tests/fixtures/capture');

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
/** Runs a command as a child of an application. */
export type Run = (...command: string[]) => Promise<Outcome>;

export interface Scene {
  readonly machine: Machine;
  readonly folder: string;
  readonly file: string;
  readonly client: Run;
  readonly stranger: Run;
  readonly start: () => Promise<Mesh>;
  readonly close: () => Promise<void>;
}

/** @param setUp of the machine @param edit of the mesh file */
export async function openScene(setUp = ':', edit = (text: string): string => text): Promise<Scene> {
  const { path: folder, remove } = temporaryFolder();
  chmodSync(folder, 0o755);
  cpSync(fixtures, folder, { recursive: true });
  const socket = (name: string): string => join(folder, `${name}.sock`);
  const text = readFileSync(join(folder, 'mesh.yaml'), 'utf8')
    .replace('CLIENT_SOCKET', socket('client'))
    .replace('STRANGER_SOCKET', socket('stranger'));
  const file = join(folder, 'mesh.yaml');
  writeFileSync(file, edit(text));
  const machine = await openMachine(folder, setUp);
  const world = await startWorld(machine, folder);
  const state = join(folder, 'state');
  const client = runner(socket('client'));
  const start = async (): Promise<Mesh> => {
    const mesh = await startMesh(file, state, ['--capture', 'transparent'], undefined, machine.inside);
    // An application without ports is ready when it runs, and its sidecar may learn of the others later.
    await eventually('the client reaches its service', async () =>
      (await client(...curl('-f', 'http://echo/'))).code === 0 ? true : undefined,
    );
    return mesh;
  };
  return {
    machine,
    folder,
    file,
    client,
    stranger: runner(socket('stranger')),
    start,
    close: async () => {
      world.kill('SIGKILL');
      await machine.close();
      remove();
    },
  };
}

async function startWorld(machine: Machine, folder: string) {
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=tls.outside.test', '-days', '2'];
  const output = ['-keyout', key, '-out', certificate];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject, ...output],
    { stdio: 'ignore' },
  );
  const [program = '', ...inside] = machine.outside.inside;
  const script = join(folder, 'outside.mjs');
  const world = spawn(program, [...inside, process.execPath, script, outsideAddress, certificate, key], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(world.stdout, 'data');
  return world;
}

/** What runs commands behind the socket of a `runner.mjs`. */
export function runner(path: string): Run {
  return async (...command) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.end(JSON.stringify(command));
    let text = '';
    for await (const part of socket.setEncoding('utf8')) text += part as string;
    return JSON.parse(text) as Outcome;
  };
}

export function isProgram(...[program = '', ...args]: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export const curl = (...args: string[]): string[] => ['curl', '-sS', '-m', '10', ...args];
/** Reads what a TCP server says first. */
export const listen = (host: string, port: number): string[] => [
  'timeout',
  '10',
  'bash',
  '-c',
  `exec 3<>/dev/tcp/${host}/${port}; cat <&3`,
];
export const dig = (...args: string[]): string[] => ['dig', '+time=5', '+tries=1', ...args];
export const rules = ({ machine }: Scene): Promise<string> => machine.run('nft', 'list', 'ruleset');

/** From the bootstrap that the supervisor wrote. */
export function portsOf(mesh: Mesh, instance: string): { readonly app: number; readonly outbound: number } {
  const text = readFileSync(join(mesh.stateDir, `run/default.${instance}.json`), 'utf8');
  const { metadata } = (
    JSON.parse(text) as {
      node: { metadata: { TULLE_INBOUND: { appPort: number }[]; TULLE_CAPTURE: { outboundPort: number } } };
    }
  ).node;
  return { app: metadata.TULLE_INBOUND[0]?.appPort ?? 0, outbound: metadata.TULLE_CAPTURE.outboundPort };
}
