import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { named } from '@tulle/data-plane/testing/backend';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { portOf, startEngine } from '@tulle/data-plane/testing/engine';
import { freePort } from '@tulle/data-plane/testing/free-port';
import {
  chain,
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '@tulle/data-plane/testing/tables';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import { expect, test } from 'vitest';
import { describeWithPeers } from './peer.ts';

/** PROXY headers to and from HAProxy, whose protocol it is, and nginx. */
const cleanup = cleanupAfterEach();

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'tulle-proxy-protocol-'));
  cleanup.push(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Runs a program until the test is over; resolves when it accepts connections on `port`. */
async function run(command: string, args: readonly string[], port: number): Promise<void> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  cleanup.push(async () => {
    child.kill();
    await ended;
  });
  const accepts = (): Promise<boolean> =>
    new Promise((resolve) => {
      const probe = connect(port, '127.0.0.1');
      probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
      probe.once('connect', () => probe.destroy());
    });
  await expect.poll(accepts).toBe(true);
}

const haproxyDefaults = `
defaults
  timeout connect 5s
  timeout client 10s
  timeout server 10s
`;

async function haproxy(sections: string, port: number): Promise<void> {
  const file = join(folder(), 'haproxy.cfg');
  writeFileSync(file, `${haproxyDefaults}${sections}\n`);
  await run('haproxy', ['-db', '-q', '-f', file], port);
}

/** Debian has it in a package of its own, libnginx-mod-stream. */
const streamModule = '/usr/lib/nginx/modules/ngx_stream_module.so';

async function nginx(sections: string, port: number): Promise<void> {
  const home = folder();
  const file = join(home, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const http = `http { access_log off; ${temporary.map((name) => `${name}_temp_path ${home}/${name};`).join(' ')} ${sections} }`;
  const body = sections.includes('stream {') ? sections : http;
  const load = body.startsWith('stream') ? `load_module ${streamModule};` : '';
  writeFileSync(
    file,
    `${load} daemon off; master_process off; pid ${home}/pid; error_log stderr crit; events {} ${body}`,
  );
  await run('nginx', ['-p', home, '-e', 'stderr', '-c', file], port);
}

/** One request to `port`: its body, and the port that it came from. */
function call(port: number): Promise<{ readonly body: string; readonly from: number }> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, agent: new Agent() }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ body, from }));
    });
    let from = 0;
    request.on('socket', (socket) => {
      socket.once('connect', () => {
        from = socket.localPort ?? 0;
      });
    });
    request.on('error', reject);
  });
}

/** Our proxy, which believes PROXY headers, in front of an application; and whom it saw. */
async function receiver(more: Partial<Listener> = {}) {
  const app = await named('app');
  const callers: string[] = [];
  const engine = await startEngine(
    tables({
      listeners: [
        listener('l', [httpChain(manager(routeTable([host([route(forward('a'))])])))], {
          proxyProtocol: { versions: ['v1', 'v2'], optional: false },
          ...more,
        }),
      ],
      clusters: [cluster('a', [endpoint(app.port)])],
    }),
    {
      observe: {
        httpLoggers: () => [
          ({ connection }) => {
            callers.push(`${connection.remoteAddress}:${connection.remotePort}`);
          },
        ],
      },
    },
  );
  cleanup.push(
    () => app.close(),
    () => engine.destroy(),
  );
  return { engine, port: portOf(engine, 'l'), callers };
}

/** Our proxy, which sends PROXY headers to `port`. */
async function sender(version: 'v1' | 'v2', port: number, as: 'http' | 'tcp'): Promise<number> {
  const chains: Record<typeof as, FilterChain> = {
    http: httpChain(manager(routeTable([host([route(forward('a'))])]))),
    tcp: chain({
      kind: 'tcp',
      proxy: {
        statPrefix: 't',
        clusters: forward('a').clusters,
        idleTimeoutMs: 0,
        maxConnectAttempts: 1,
        accessLogs: [],
      },
    }),
  };
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [chains[as]])],
      clusters: [cluster('a', [endpoint(port)], { proxyProtocol: version })],
    }),
  );
  cleanup.push(() => engine.destroy());
  return portOf(engine, 'l');
}

const versions = ['v1', 'v2'] as const;
const both = versions.flatMap((version) => [[version, 'http'] as const, [version, 'tcp'] as const]);

describeWithPeers('HAProxy', ['haproxy'], () => {
  test.each(['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options crc32c,unique-id'])(
    'tells us by %s who calls',
    async (option) => {
      const { engine, port, callers } = await receiver();
      const front = await freePort();
      const id = option.includes('unique-id') ? 'unique-id-format %{+X}o%ci' : '';
      await haproxy(
        `frontend f\n  mode http\n  ${id}\n  bind 127.0.0.1:${front}\n  default_backend b\nbackend b\n  mode http\n  server s 127.0.0.1:${port} ${option}`,
        front,
      );
      const { body, from } = await call(front);
      expect(JSON.parse(body)).toMatchObject({ name: 'app' });
      expect(callers.at(-1)).toBe(`127.0.0.1:${from}`);
      expect(engine.listeners.get('l')?.proxyHeaderErrors).toBe(0);
    },
  );

  test('checks our health with LOCAL, over a Unix socket', async () => {
    const path = join(folder(), 'socket');
    const { engine, callers } = await receiver({ address: path });
    const front = await freePort();
    await haproxy(
      `frontend f\n  mode http\n  bind 127.0.0.1:${front}\n  default_backend b\nbackend b\n  mode http\n  option httpchk\n  http-check send meth GET uri /healthz ver HTTP/1.1 hdr Host app\n  server s unix@${path} send-proxy-v2 check inter 50ms`,
      front,
    );
    await expect.poll(() => callers.length).toBeGreaterThan(1);
    // A check is a connection of HAProxy's own, and a Unix socket has no address.
    expect(callers[0]).toBe(':0');
    const { from } = await call(front);
    expect(callers).toContain(`127.0.0.1:${from}`);
    expect(engine.listeners.get('l')?.proxyHeaderErrors).toBe(0);
  });

  test.each(both)('believes our header: %s, %s', async (version, as) => {
    const front = await freePort();
    await haproxy(
      `frontend f\n  mode http\n  bind 127.0.0.1:${front} accept-proxy\n  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port]"`,
      front,
    );
    const { body, from } = await call(await sender(version, front, as));
    expect(body).toBe(`127.0.0.1:${from}`);
  });
});

describeWithPeers('nginx', ['nginx', 'libnginx-mod-stream'], () => {
  test('tells us who calls', async () => {
    const { port, callers } = await receiver();
    const front = await freePort();
    await nginx(
      `stream { server { listen 127.0.0.1:${front}; proxy_pass 127.0.0.1:${port}; proxy_protocol on; } }`,
      front,
    );
    const { from } = await call(front);
    expect(callers.at(-1)).toBe(`127.0.0.1:${from}`);
  });

  test.each(both)('believes our header: %s, %s', async (version, as) => {
    const front = await freePort();
    await nginx(
      `server { listen 127.0.0.1:${front} proxy_protocol; location / { return 200 $proxy_protocol_addr:$proxy_protocol_port; } }`,
      front,
    );
    const { body, from } = await call(await sender(version, front, as));
    expect(body).toBe(`127.0.0.1:${from}`);
  });
});
