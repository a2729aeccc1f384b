import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { connect } from 'node:net';

/** One check of an application, after Kubernetes' probe handlers. */
export type ProbeAction =
  | {
      readonly kind: 'httpGet';
      readonly port: number;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'tcpSocket'; readonly port: number }
  | {
      readonly kind: 'exec';
      readonly command: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string;
    }
  /** Nothing to ask: running is enough. */
  | { readonly kind: 'none' };

/** @returns undefined on success, else why not */
export function runProbe(action: ProbeAction, timeoutMs: number): Promise<string | undefined> {
  switch (action.kind) {
    case 'httpGet':
      return probeHttp(action, timeoutMs);
    case 'tcpSocket':
      return probeTcp(action.port, timeoutMs);
    case 'exec':
      return probeExec(action, timeoutMs);
    case 'none':
      return Promise.resolve(undefined);
  }
}

/** Success is 200–399, as Kubernetes has it; redirects are not followed. */
function probeHttp(
  { port, path, headers }: Extract<ProbeAction, { kind: 'httpGet' }>,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const call = request(
      { host: '127.0.0.1', port, path, headers: { 'user-agent': 'tulle-probe', ...headers }, agent: false },
      (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 400 ? undefined : `GET ${path} answered ${status}`);
      },
    );
    call.setTimeout(timeoutMs, () => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    call.on('error', (error) => resolve(`GET ${path} on port ${port}: ${error.message}`));
    call.end();
  });
}

function probeTcp(port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no connection within ${timeoutMs / 1000} s`)));
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error) => resolve(`port ${port}: ${error.message}`));
  });
}

function probeExec(
  { command, env, cwd }: Extract<ProbeAction, { kind: 'exec' }>,
  timeoutMs: number,
): Promise<string | undefined> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: { ...env }, cwd, stdio: 'ignore', timeout: timeoutMs, killSignal: 'SIGKILL' });
    child.once('error', (error) => resolve(`${program}: ${error.message}`));
    child.once('exit', (code) =>
      resolve(code === 0 ? undefined : `${program}: ${code === null ? 'timed out' : `exit code ${code}`}`),
    );
  });
}
