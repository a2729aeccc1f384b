import { spawn } from 'node:child_process';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import { probeGrpc } from './probe-grpc.ts';

/** One check of an application, after Kubernetes' probe handlers. */
export type ProbeAction =
  | {
      readonly kind: 'httpGet';
      /** The loopback address when absent. */
      readonly host?: string;
      readonly scheme?: 'HTTP' | 'HTTPS';
      readonly port: number;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'tcpSocket'; readonly host?: string; readonly port: number }
  | { readonly kind: 'grpc'; readonly port: number; readonly service: string }
  | {
      readonly kind: 'exec';
      readonly command: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string;
    }
  /** Nothing to ask: running is enough. */
  | { readonly kind: 'none' };

const LOOPBACK = '127.0.0.1';

/** @returns undefined on success, else why not */
export function runProbe(action: ProbeAction, timeoutMs: number): Promise<string | undefined> {
  switch (action.kind) {
    case 'httpGet':
      return probeHttp(action, timeoutMs);
    case 'tcpSocket':
      return probeTcp(action.host ?? LOOPBACK, action.port, timeoutMs);
    case 'grpc':
      return probeGrpc(action.port, action.service, timeoutMs);
    case 'exec':
      return probeExec(action, timeoutMs);
    case 'none':
      return Promise.resolve(undefined);
  }
}

/** Success is 200–399, as Kubernetes has it; redirects are not followed. */
function probeHttp(
  { host = LOOPBACK, scheme, port, path, headers }: Extract<ProbeAction, { kind: 'httpGet' }>,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Kubernetes does not verify the certificate of a probed application either.
    const options = {
      host,
      port,
      path,
      headers: { 'user-agent': 'tulle-probe', ...headers },
      agent: false,
    } as const;
    const onResponse = (response: IncomingMessage): void => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400 ? undefined : `GET ${path} answered ${status}`);
    };
    const call =
      scheme === 'HTTPS'
        ? requestHttps({ ...options, rejectUnauthorized: false }, onResponse)
        : requestHttp(options, onResponse);
    call.setTimeout(timeoutMs, () => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    call.on('error', (error) => resolve(`GET ${path} on port ${port}: ${error.message}`));
    call.end();
  });
}

function probeTcp(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`no connection within ${timeoutMs / 1000} s`)),
    );
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
    const child = spawn(program, args, {
      env: { ...env },
      cwd,
      stdio: 'ignore',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    child.once('error', (error) => resolve(`${program}: ${error.message}`));
    child.once('exit', (code) =>
      resolve(code === 0 ? undefined : `${program}: ${code === null ? 'timed out' : `exit code ${code}`}`),
    );
  });
}
