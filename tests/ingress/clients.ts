import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:tls';
import type { CertificateFiles } from './ingress-mesh.ts';

export interface Request {
  readonly host: string;
  readonly port: number;
  /** Roots of who must answer, a file. */
  readonly ca: string;
  readonly shown: CertificateFiles | undefined;
}

/** A client of TLS. */
export interface Client {
  /** The body of an answer to `GET /`, or `refused`. */
  get(request: Request): Promise<string>;
  /** What comes back for a line of bytes. */
  echo(request: Request, line: string): Promise<string>;
}

const shownBy = ({ shown }: Request) =>
  shown === undefined ? {} : { cert: readFileSync(shown.cert), key: readFileSync(shown.key) };

export const nodeClient: Client = {
  get: (asked) =>
    new Promise((resolve) => {
      const { host, port, ca } = asked;
      const options = {
        host: '127.0.0.1',
        port,
        servername: host,
        ca: readFileSync(ca),
        agent: false,
      } as const;
      const sent = request({ ...options, ...shownBy(asked), headers: { host } }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve(body));
      });
      sent.on('error', () => resolve('refused')).end();
    }),
  echo: async (asked, line) => {
    const { host, port, ca } = asked;
    const options = { host: '127.0.0.1', port, servername: host, ca: readFileSync(ca) };
    const socket = connect({ ...options, ...shownBy(asked) }, () => socket.end(line));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await once(socket, 'end');
    return text;
  },
};

/** What a program prints, if it ends well. */
async function run(program: string, args: readonly string[], input = ''): Promise<string | undefined> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    // openssl would wait for the server to close after its own input has ended.
    if (input !== '' && text.includes(input)) child.kill();
  });
  child.stdin.on('error', () => {});
  child.stdin.write(input);
  if (input === '') child.stdin.end();
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0 || code === null ? text : undefined;
}

const shownArgs = ({ shown }: Request): string[] =>
  shown === undefined ? [] : ['--cert', shown.cert, '--key', shown.key];

/** curl for HTTP, openssl for bytes. */
export const commandLineClient: Client = {
  get: async (asked) => {
    const { host, port, ca } = asked;
    const where = ['--resolve', `${host}:${port}:127.0.0.1`, '--cacert', ca, '--noproxy', '*'];
    const url = `https://${host}:${port}/`;
    return (await run('curl', ['-sS', '--max-time', '60', ...where, ...shownArgs(asked), url])) ?? 'refused';
  },
  echo: async ({ host, port, ca }, line) => {
    const where = [
      '-connect',
      `127.0.0.1:${port}`,
      '-servername',
      host,
      '-CAfile',
      ca,
      '-verify_return_error',
    ];
    return (await run('openssl', ['s_client', '-quiet', '-no_ign_eof', ...where], line)) ?? 'refused';
  },
};
