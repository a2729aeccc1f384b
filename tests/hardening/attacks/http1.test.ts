import { expect, test } from 'vitest';
import { echo } from '../raw-backend.ts';
import { RawClient } from '../raw-client.ts';
import { type Attack, underAttack } from './attacked.ts';

const crowd = 50;
const host = 'Host: a\r\n';

/** So many clients at a time. */
async function clients(port: number, count = crowd): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, () => RawClient.open(port)));
}

/** Says one byte after the other, a moment apart, until the proxy has enough. */
async function trickle(client: RawClient, byte: (index: number) => string, pauseMs: number): Promise<void> {
  for (let index = 0; client.outcome === 'open'; index++) {
    client.send(byte(index));
    await Promise.race([client.ended, new Promise((resolve) => setTimeout(resolve, pauseMs))]);
  }
}

/** Sends `piece` as fast as it is taken, until the proxy has enough. */
async function pour(client: RawClient, piece: Buffer): Promise<void> {
  while (client.outcome === 'open' && !client.socket.destroyed) {
    if (client.socket.write(piece)) await new Promise((resolve) => setImmediate(resolve));
    else await Promise.race([client.ended, new Promise((resolve) => client.socket.once('drain', resolve))]);
  }
}

/** All have heard `status` and were closed. */
async function allEnded(all: readonly RawClient[], status: string): Promise<void> {
  for (const client of all) {
    await client.ended;
    expect(client.text).toContain(status);
    await client.close();
  }
}

const attacks: Readonly<Record<string, Attack>> = {
  'slowloris: heads that never end': {
    shape: { manager: { requestHeadersTimeoutMs: 1_000 } },
    run: async (port, peak) => {
      const all = await clients(port, 200);
      const head = `GET / HTTP/1.1\r\n${host}X: `;
      for (const client of all) client.send(head);
      await peak();
      await Promise.all(all.map((client) => trickle(client, () => 'x', 50)));
      await allEnded(all, ' 408 ');
    },
  },
  'connections that say nothing': {
    shape: { manager: { requestHeadersTimeoutMs: 1_000 } },
    run: async (port, peak) => {
      const all = await clients(port, 500);
      await peak();
      await allEnded(all, '');
    },
  },
  'slowloris: bodies that stop': {
    shape: { manager: { streamIdleTimeoutMs: 2_000, requestHeadersTimeoutMs: 1_000 } },
    run: async (port, peak) => {
      const all = await clients(port);
      for (const client of all) client.send(`POST / HTTP/1.1\r\n${host}Content-Length: 1000000\r\n\r\nx`);
      await peak();
      await allEnded(all, ' 408 ');
    },
  },
  'slowloris: bodies that never end': {
    shape: { manager: { requestTimeoutMs: 1_500, requestHeadersTimeoutMs: 1_000 } },
    run: async (port, peak) => {
      const all = await clients(port);
      for (const client of all) client.send(`POST / HTTP/1.1\r\n${host}Content-Length: 1000000\r\n\r\n`);
      await peak();
      await Promise.all(all.map((client) => trickle(client, () => 'x', 20)));
      await allEnded(all, ' 408 ');
    },
  },
  'heads beyond the limit': {
    run: async (port, peak) => {
      const all = await clients(port);
      await Promise.all(
        all.map(async (client) => {
          client.send(`GET / HTTP/1.1\r\n${host}`);
          await pour(client, Buffer.from(`X: ${'y'.repeat(8_000)}\r\n`));
        }),
      );
      await peak();
      await allEnded(all, ' 431 ');
    },
  },
  'heads of ever more fields': {
    run: async (port) => {
      const all = await clients(port);
      for (const client of all) client.send(`GET / HTTP/1.1\r\n${host}${'a:\r\n'.repeat(12_000)}\r\n`);
      await allEnded(all, ' 431 ');
    },
  },
  'a start line without end': {
    run: async (port) => {
      const all = await clients(port);
      await Promise.all(
        all.map(async (client) => {
          client.send('GET /');
          await pour(client, Buffer.alloc(8_000, 'x'));
        }),
      );
      await allEnded(all, ' 431 ');
    },
  },
  'chunk extensions without end': {
    run: async (port) => {
      const all = await clients(port);
      await Promise.all(
        all.map(async (client) => {
          client.send(`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1;`);
          await pour(client, Buffer.alloc(8_000, 'x'));
        }),
      );
      await allEnded(all, ' 400 ');
    },
  },
  'chunks of one byte, each with an extension': {
    run: async (port) => {
      const all = await clients(port);
      await Promise.all(
        all.map(async (client) => {
          client.send(`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`);
          await pour(client, Buffer.from(`1;${'x'.repeat(50)}\r\ny\r\n`.repeat(200)));
        }),
      );
      await allEnded(all, ' 400 ');
    },
  },
  'trailers without end': {
    run: async (port) => {
      const all = await clients(port);
      await Promise.all(
        all.map(async (client) => {
          client.send(`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n`);
          await pour(client, Buffer.from(`X: ${'y'.repeat(8_000)}\r\n`));
        }),
      );
      await allEnded(all, ' 431 ');
    },
  },
  'endless chunks for an endpoint that does not read them': {
    connected: ({ socket }) =>
      socket.on('data', (chunk: Buffer) => {
        if (chunk.includes('/deaf')) socket.pause();
      }),
    shape: { manager: { streamIdleTimeoutMs: 2_000, requestHeadersTimeoutMs: 1_000 } },
    run: async (port, peak) => {
      const all = await clients(port, 20);
      await Promise.all(
        all.map(async (client) => {
          client.send(`POST /deaf HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`);
          await pour(client, Buffer.from(`4000\r\n${'x'.repeat(0x4000)}\r\n`));
        }),
      );
      await peak();
      await allEnded(all, ' 408 ');
    },
  },
  'requests without end, and no answer is read': {
    shape: { manager: { streamIdleTimeoutMs: 2_000, requestHeadersTimeoutMs: 1_000 } },
    bounds: { growthMb: 48 },
    // Long answers fill the kernel's buffers after few: what counts is what comes then.
    answer: (request, connection) =>
      echo(request.includes('/bystander') ? request : `GET /${'x'.repeat(64_000)} HTTP/1.1`, connection),
    run: async (port, peak) => {
      const all = await clients(port, 20);
      const many = Buffer.from(`GET /${'x'.repeat(4_000)} HTTP/1.1\r\n${host}\r\n`.repeat(20));
      await Promise.all(
        all.map(async (client) => {
          client.socket.pause();
          // A client that reads nothing does not see our end; that its bytes are not taken it does see.
          const gone = new Promise<void>((resolve) => client.socket.once('close', () => resolve()));
          const poured = (async () => {
            while (!client.socket.destroyed) {
              if (client.socket.write(many)) await new Promise((resolve) => setImmediate(resolve));
              else await Promise.race([gone, new Promise((resolve) => client.socket.once('drain', resolve))]);
            }
          })();
          await Promise.race([poured, gone]);
        }),
      );
      await peak();
    },
  },
};

test.each(Object.entries(attacks))('%s', async (_name, attack) => {
  await underAttack(attack);
});
