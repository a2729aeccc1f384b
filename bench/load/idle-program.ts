/** See idle.ts: prints a line when every connection has had its answer, then holds them until it is stopped. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { AnswerReader } from './answer-reader.ts';
import type { Idle } from './idle.ts';

const load = JSON.parse(process.argv[2] as string) as Idle;
const request = `GET ${load.path} HTTP/1.1\r\nHost: ${load.host}\r\n\r\n`;

async function open(): Promise<void> {
  const socket = connect(load.port, '127.0.0.1');
  socket.on('close', () => process.exit(1));
  await once(socket, 'connect');
  await new Promise<void>((resolve) => {
    const reader = new AnswerReader(() => resolve());
    socket.on('data', (chunk: Buffer) => reader.read(chunk));
    socket.write(request);
  });
}

for (let opened = 0; opened < load.connections; opened += 50)
  await Promise.all(Array.from({ length: Math.min(50, load.connections - opened) }, open));
process.stdout.write('open\n');
