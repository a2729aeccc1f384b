import type { HttpManager } from '@tulle/decision/tables';
import type { ConnectionInfo } from './connection-info.ts';
import type { LocalReply } from './local-reply.ts';
import { mergeSlashes, normalizePath } from './normalize-path.ts';
import { newRequestId } from './request-id.ts';
import type { RequestHead } from './stream.ts';

/** Fields by which a client inside steers Envoy; from outside they are not believed and not passed on. */
const steering = [
  'x-envoy-attempt-count',
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-external-address',
  'x-envoy-force-trace',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-internal',
  'x-envoy-ip-tags',
  'x-envoy-max-retries',
  'x-envoy-original-path',
  'x-envoy-original-url',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
];

/** What every request goes through before filters see it. A reply: it goes no further. */
export function prepareRequest(
  head: RequestHead,
  config: HttpManager,
  connection: ConnectionInfo,
): LocalReply | undefined {
  const { headers } = head;
  if (config.useRemoteAddress) for (const name of steering) headers.remove(name);
  const problem = preparePath(head, config);
  if (problem !== undefined) return problem;
  forwardedFields(head, config, connection);
  if (config.generateRequestId) {
    // At the edge an id from outside is replaced: it would let a client choose which traces meet.
    const keep = !config.useRemoteAddress || config.preserveRequestId;
    if (!keep || !headers.has('x-request-id')) headers.set('x-request-id', newRequestId());
  }
  forwardedCertificate(head, config, connection);
  return undefined;
}

function preparePath(head: RequestHead, config: HttpManager): LocalReply | undefined {
  if (head.method === 'CONNECT' || head.path === '*') return undefined;
  if (config.normalizePath) {
    const path = normalizePath(head.path);
    if (path === undefined) return { status: 400, body: '', details: 'path_normalization_failed' };
    head.path = path;
  }
  if (config.mergeSlashes) head.path = mergeSlashes(head.path);
  return undefined;
}

function forwardedFields(head: RequestHead, config: HttpManager, connection: ConnectionInfo): void {
  const { headers } = head;
  if (config.useRemoteAddress) {
    const before = headers.joined('x-forwarded-for');
    headers.set(
      'x-forwarded-for',
      before === undefined ? connection.remoteAddress : `${before},${connection.remoteAddress}`,
    );
    if (config.xffTrustedHops === 0) headers.set('x-forwarded-proto', head.scheme);
  }
  if (!headers.has('x-forwarded-proto')) headers.add('x-forwarded-proto', head.scheme);
}

/** x-forwarded-client-cert, after Envoy's forward_client_cert_details. */
function forwardedCertificate(head: RequestHead, config: HttpManager, connection: ConnectionInfo): void {
  const { headers } = head;
  const name = 'x-forwarded-client-cert';
  const mode = config.forwardClientCert;
  if (mode === 'always-forward-only') return;
  const own = certificateElement(connection);
  if (own === undefined || mode === 'sanitize') {
    headers.remove(name);
    return;
  }
  if (mode === 'forward-only') return;
  const before = mode === 'append-forward' ? headers.joined(name) : undefined;
  headers.set(name, before === undefined ? own : `${before},${own}`);
}

const certificateMemo = 'x-forwarded-client-cert';

/** As `describeCertificate`; put together once per connection. */
function certificateElement(connection: ConnectionInfo): string | undefined {
  if (connection.tls?.peerFingerprint === undefined) return undefined;
  const known = connection.memo.get(certificateMemo) as string | undefined;
  if (known !== undefined) return known;
  const made = describeCertificate(connection);
  connection.memo.set(certificateMemo, made);
  return made;
}

/** Undefined: the client showed no certificate. */
function describeCertificate({ tls }: ConnectionInfo): string | undefined {
  if (tls?.peerFingerprint === undefined) return undefined;
  const parts = [
    tls.localUri === undefined ? undefined : `By=${tls.localUri}`,
    `Hash=${tls.peerFingerprint}`,
    `Subject="${(tls.peerSubject ?? '').replaceAll('"', '\\"')}"`,
    `URI=${tls.peerUri ?? ''}`,
  ];
  return parts.filter((part) => part !== undefined).join(';');
}
