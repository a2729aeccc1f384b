/** The simulator as a program: `simulator-program.ts CONFIG`, commands on stdin, reports on stdout. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { grpcConnector } from '@tulle/data-plane/grpc/connection';
import { TimerWheel } from '@tulle/data-plane/timers/wheel';
import { SimulatedProxy } from './simulated-proxy.ts';
import { type Command, monotonicNow, type Report, type SimulatorConfig } from './simulator-messages.ts';

const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as SimulatorConfig;
const connectGrpc = grpcConnector(new TimerWheel());
const say = (report: Report): void => {
  process.stdout.write(`${JSON.stringify(report)}\n`);
};

let bytes = 0;
/** When each proxy last got something. */
const last = new Map<number, number>();
let watch:
  | { command: Extract<Command, { kind: 'watch' }>; at: Map<number, number>; bytes: number }
  | undefined;

const proxies = config.proxies.map(
  ({ metadata, chain }, index) =>
    new SimulatedProxy({
      metadata,
      tls: { key: config.key, cert: chain, ca: config.roots },
      connect: (tls) =>
        connectGrpc({
          address: config.address,
          port: config.xdsPort,
          tls,
          serverIdentity: config.identity,
        }),
      onUpdate({ type, resources }) {
        const now = monotonicNow();
        last.set(index, now);
        if (watch === undefined || watch.command.type !== type || watch.at.has(index)) return;
        const { name, text } = watch.command;
        const found = resources.find((resource) => resource.name === name);
        if (found === undefined || !Buffer.from(found.bytes).includes(text)) return;
        watch.at.set(index, now);
        if (watch.at.size < watch.command.proxies) return;
        // The acknowledgement leaves when this returns.
        const { at, bytes: before } = watch;
        watch = undefined;
        setImmediate(() => say({ kind: 'reached', at: [...at.values()], bytes: bytes - before }));
      },
      onBytes(count) {
        bytes += count;
      },
      onLost: (message) => say({ kind: 'lost', message }),
    }),
);

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line) as Command;
  if (command.kind === 'watch') {
    watch = { command, at: new Map(), bytes };
    say({ kind: 'watching' });
    return;
  }
  const before = bytes;
  for (const proxy of proxies) proxy.start();
  const look = setInterval(() => {
    const latest = Math.max(...last.values());
    if (monotonicNow() - latest < command.quietMs || !proxies.every(({ complete }) => complete)) return;
    clearInterval(look);
    say({ kind: 'reached', at: [...last.values()], bytes: bytes - before });
  }, 20);
});
process.stdin.once('end', () => process.exit(0));
