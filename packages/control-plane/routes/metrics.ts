import type { FastifyInstance } from 'fastify';
import type { HandshakeGate } from '../handshakes/gate.ts';

/** What the control plane counts of itself. Names follow pilot's where Istio has the same. */
const counters = {
  pilot_xds_pushes: 'Snapshots handed to proxies.',
  pilot_total_xds_rejects: 'Responses that a proxy refused.',
  citadel_server_success_cert_issuance_count: 'Certificates issued.',
  tulle_control_plane_errors_total: 'Errors that should not have happened.',
} as const;

const gauges = {
  pilot_xds: 'Proxies connected.',
  pilot_services: 'Services known.',
  tulle_instances: 'Workload instances known.',
  process_resident_memory_bytes: 'Resident memory.',
} as const;

/**
 * What a push consists of: what users wrote becomes a model, that what each proxy should have, the difference a response,
 * which is handed to the transport.
 */
const pushStages = ['model', 'compile', 'serialise', 'send'] as const;
export type PushStage = (typeof pushStages)[number];

export type Counter = keyof typeof counters;
export type Gauge = keyof typeof gauges;

/** Counts and times of the control plane, for Prometheus. */
export class Metrics {
  readonly #counts = new Map<Counter, number>();
  readonly #pushMs: Record<PushStage, number> = { model: 0, compile: 0, serialise: 0, send: 0 };

  add(counter: Counter, by = 1): void {
    this.#counts.set(counter, (this.#counts.get(counter) ?? 0) + by);
  }

  pushed(stage: PushStage, milliseconds: number): void {
    this.#pushMs[stage] += milliseconds;
  }

  /** Prometheus text format 0.0.4. */
  render(values: Readonly<Record<Gauge, number>>, gate: HandshakeGate): string {
    const lines: string[] = [];
    for (const [name, help] of Object.entries(counters)) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`);
      lines.push(`${name} ${this.#counts.get(name as Counter) ?? 0}`);
    }
    const name = 'tulle_push_milliseconds_total';
    lines.push(`# HELP ${name} Time spent on pushes, by stage.`, `# TYPE ${name} counter`);
    for (const stage of pushStages) lines.push(`${name}{stage="${stage}"} ${this.#pushMs[stage]}`);
    for (const [name, help] of Object.entries(gauges)) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${values[name as Gauge]}`);
    }
    lines.push(...handshakeLines(gate));
    return `${lines.join('\n')}\n`;
  }
}

function* handshakeLines({ letIn, refused, sizes }: HandshakeGate): Generator<string> {
  const all = 'tulle_handshakes_total';
  yield `# HELP ${all} Connections of proxies whose TLS handshake has ended well.`;
  yield `# TYPE ${all} counter`;
  yield `${all} ${letIn}`;
  const closed = 'tulle_handshakes_refused_total';
  yield `# HELP ${closed} Connections closed before their TLS handshake had ended, by reason.`;
  yield `# TYPE ${closed} counter`;
  for (const [reason, count] of Object.entries(refused)) yield `${closed}{reason="${reason}"} ${count}`;
  const now = 'tulle_handshakes';
  yield `# HELP ${now} Connections that say nothing yet, wait for their turn or shake hands.`;
  yield `# TYPE ${now} gauge`;
  for (const [state, count] of Object.entries(sizes)) yield `${now}{state="${state}"} ${count}`;
}

export function metricsRoute(
  app: FastifyInstance,
  metrics: Metrics,
  gate: HandshakeGate,
  values: () => Readonly<Record<Gauge, number>>,
): void {
  app.get('/metrics', async (_, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render(values(), gate)),
  );
}
