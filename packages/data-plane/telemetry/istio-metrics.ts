import type { Histogram } from './histogram.ts';
import { httpLabels, type IstioPairInput, pairValues, tcpLabels } from './istio-labels.ts';
import type { Family, MetricRegistry, Slot } from './registry.ts';

/** What is recorded of a request that has ended; a StreamInfo is one. */
export interface HttpOutcome {
  /** 0: no response was begun. */
  readonly status: number;
  /** -1: not gRPC, or none given. */
  readonly grpcStatus: number;
  /** `UF`, `URX`, … */
  readonly flags: readonly string[];
  /** Milliseconds, of one clock. */
  readonly startedMono: number;
  readonly endedAt: number;
  /** Body bytes. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Of gRPC. */
  readonly requestMessages: number;
  readonly responseMessages: number;
}

/** Istio's standard metrics (reference: istio.io, Istio Standard Metrics). */
export class IstioMetrics {
  readonly registry: MetricRegistry;
  readonly requests: Family<Slot>;
  readonly durations: Family<Histogram>;
  readonly requestBytes: Family<Histogram>;
  readonly responseBytes: Family<Histogram>;
  readonly requestMessages: Family<Slot>;
  readonly responseMessages: Family<Slot>;
  readonly tcpOpened: Family<Slot>;
  readonly tcpClosed: Family<Slot>;
  readonly tcpSent: Family<Slot>;
  readonly tcpReceived: Family<Slot>;

  constructor(registry: MetricRegistry) {
    const http = (name: string, help: string) => ({ name, help, labels: httpLabels });
    const tcp = (name: string, help: string) => ({ name, help, labels: tcpLabels });
    this.registry = registry;
    this.requests = registry.counter(http('istio_requests_total', 'Requests handled.'));
    this.durations = registry.histogram(
      http('istio_request_duration_milliseconds', 'Duration of requests in milliseconds.'),
    );
    this.requestBytes = registry.histogram(http('istio_request_bytes', 'Request body sizes in bytes.'));
    this.responseBytes = registry.histogram(http('istio_response_bytes', 'Response body sizes in bytes.'));
    this.requestMessages = registry.counter(
      http('istio_request_messages_total', 'gRPC messages sent by clients.'),
    );
    this.responseMessages = registry.counter(
      http('istio_response_messages_total', 'gRPC messages sent by servers.'),
    );
    this.tcpOpened = registry.counter(tcp('istio_tcp_connections_opened_total', 'TCP connections opened.'));
    this.tcpClosed = registry.counter(tcp('istio_tcp_connections_closed_total', 'TCP connections closed.'));
    this.tcpSent = registry.counter(
      tcp('istio_tcp_sent_bytes_total', 'Bytes sent to the client of TCP connections.'),
    );
    this.tcpReceived = registry.counter(
      tcp('istio_tcp_received_bytes_total', 'Bytes received from the client of TCP connections.'),
    );
  }

  /** What is recorded of the traffic between two workloads; make it once per pair and service, and keep it. */
  pair(input: IstioPairInput): IstioPair {
    return new IstioPair(this, pairValues(input), input.security);
  }
}

interface HttpSeries {
  readonly requests: Slot;
  readonly durations: Histogram;
  readonly requestBytes: Histogram;
  readonly responseBytes: Histogram;
  /** Of gRPC alone. */
  readonly messages: { readonly request: Slot; readonly response: Slot } | undefined;
}

/**
 * The series of one source and destination. Those of each status are made when it first comes, and held for ever
 * after.
 */
export class IstioPair {
  readonly #metrics: IstioMetrics;
  readonly #values: readonly string[];
  readonly #security: string;
  /** By status, flags and protocol: a handful. */
  readonly #http = new Map<string, HttpSeries>();
  /** The plain 200 that most requests are. */
  #ok: HttpSeries | undefined = undefined;

  constructor(metrics: IstioMetrics, values: readonly string[], security: string) {
    this.#metrics = metrics;
    this.#values = values;
    this.#security = security;
  }

  recordHttp(protocol: 'http' | 'grpc', outcome: HttpOutcome): void {
    const series = this.#seriesOf(protocol, outcome);
    this.#metrics.registry.increment(series.requests);
    series.durations.record(outcome.endedAt - outcome.startedMono);
    series.requestBytes.record(outcome.requestBytes);
    series.responseBytes.record(outcome.responseBytes);
    if (series.messages === undefined) return;
    this.#metrics.registry.add(series.messages.request, outcome.requestMessages);
    this.#metrics.registry.add(series.messages.response, outcome.responseMessages);
  }

  /** A TCP connection with this pair is open. */
  openTcp(flags = ''): TcpRecorder {
    const values = [...this.#values, 'tcp', flags || '-', this.#security];
    return new TcpRecorder(this.#metrics, values);
  }

  #seriesOf(protocol: 'http' | 'grpc', outcome: HttpOutcome): HttpSeries {
    const { status, grpcStatus } = outcome;
    const plain = status === 200 && outcome.flags.length === 0 && protocol === 'http';
    if (plain && this.#ok !== undefined) return this.#ok;
    const flags = outcome.flags.join(',');
    const key = `${protocol} ${status} ${grpcStatus} ${flags}`;
    let series = this.#http.get(key);
    if (series === undefined) {
      const grpc = protocol === 'grpc' && grpcStatus >= 0 ? String(grpcStatus) : '';
      const values = [...this.#values, protocol, String(status), grpc, flags || '-', this.#security];
      series = {
        requests: this.#metrics.requests.with(...values),
        durations: this.#metrics.durations.with(...values),
        requestBytes: this.#metrics.requestBytes.with(...values),
        responseBytes: this.#metrics.responseBytes.with(...values),
        messages:
          protocol === 'grpc'
            ? {
                request: this.#metrics.requestMessages.with(...values),
                response: this.#metrics.responseMessages.with(...values),
              }
            : undefined,
      };
      this.#http.set(key, series);
    }
    if (plain) this.#ok = series;
    return series;
  }
}

/** One open TCP connection: bytes are counted as they flow. */
class TcpRecorder {
  readonly #registry: MetricRegistry;
  readonly #sent: Slot;
  readonly #received: Slot;
  readonly #closed: Slot;
  #open = true;

  constructor(metrics: IstioMetrics, values: readonly string[]) {
    this.#registry = metrics.registry;
    this.#sent = metrics.tcpSent.with(...values);
    this.#received = metrics.tcpReceived.with(...values);
    this.#closed = metrics.tcpClosed.with(...values);
    this.#registry.increment(metrics.tcpOpened.with(...values));
  }

  /** To the client. */
  sent(bytes: number): void {
    this.#registry.add(this.#sent, bytes);
  }

  /** From the client. */
  received(bytes: number): void {
    this.#registry.add(this.#received, bytes);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#registry.increment(this.#closed);
  }
}
