import { Headers } from '@tulle/decision/headers';
import type { GrpcCheck } from '@tulle/decision/tables/health-check';
import { grpcCode } from '@tulle/xds/client/transport';
import { GrpcCall } from '../../grpc/call.ts';
import type { ClientConnection } from '../pool/client-connection.ts';
import { type Probe, ProbeConnection, type ProbeSubject } from './probe.ts';
import type { Outcome } from './verdict.ts';

/** Asks grpc.health.v1.Health/Check, and is content with SERVING. */
export class GrpcProbe implements Probe {
  readonly #check: GrpcCheck;
  readonly #subject: ProbeSubject;
  readonly #connection: ProbeConnection;
  readonly #reuse: boolean;
  readonly #request: Uint8Array;
  #call: GrpcCall | undefined = undefined;

  constructor(check: GrpcCheck, subject: ProbeSubject, reuse: boolean) {
    this.#check = check;
    this.#subject = subject;
    this.#reuse = reuse;
    this.#request = healthRequest(check.service);
    this.#connection = new ProbeConnection(subject, true);
  }

  ask(onOutcome: (outcome: Outcome) => void): void {
    this.#connection.use(
      (connection) => this.#send(connection, onOutcome),
      () => onOutcome('unreachable'),
    );
  }

  abandon(): void {
    this.#call?.cancel();
    this.#call = undefined;
    this.#connection.close();
  }

  #send(connection: ClientConnection, onOutcome: (outcome: Outcome) => void): void {
    let serving = false;
    const call = new GrpcCall(
      {
        method: 'POST',
        path: '/grpc.health.v1.Health/Check',
        authority: this.#authority(),
        scheme: 'http',
        headers: this.#headers(),
        protocol: 'HTTP/2',
      },
      {
        onMessage(message) {
          serving = isServing(message);
        },
        onEnd: ({ code }) => {
          this.#call = undefined;
          if (!this.#reuse) this.#connection.close();
          if (code === grpcCode.ok) onOutcome(serving ? 'passed' : 'failed');
          // So it also ends when the connection does.
          else onOutcome(code === grpcCode.unavailable ? 'unreachable' : 'failed');
        },
      },
      () => '',
    );
    this.#call = call;
    call.begin(connection);
    call.send(this.#request);
    call.end();
  }

  #authority(): string {
    const { endpoint, cluster } = this.#subject;
    return this.#check.authority || endpoint.config.healthCheck?.hostname || cluster().name;
  }

  #headers(): Headers {
    const headers = Headers.of({
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'Envoy/HC',
    });
    for (const [name, value] of this.#check.metadata) headers.add(name, value);
    return headers;
  }
}

/** HealthCheckRequest: field 1 is the service. */
function healthRequest(service: string): Uint8Array {
  const name = Buffer.from(service);
  if (name.length === 0) return name;
  const length: number[] = [];
  for (let rest = name.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest);
      break;
    }
    length.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), name]);
}

/** HealthCheckResponse: field 1 is the status, 1 is SERVING. */
const isServing = (message: Uint8Array): boolean => message[0] === 0x08 && message[1] === 1;
