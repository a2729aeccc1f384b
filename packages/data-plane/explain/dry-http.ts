import type { Headers } from '@tulle/decision/headers';
import type { ConnectionInfo } from '../http/connection-info.ts';
import { HttpStream } from '../http/http-stream.ts';
import type { ManagerRuntime } from '../http/manager.ts';
import type { RequestHead, ResponseHead, Stream } from '../http/stream.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import { rewriteResponse } from '../router/heads.ts';
import type { DryProxy, FilterVisit } from './dry-proxy.ts';

/** What became of one request. */
export interface DryRequest {
  /** Route, cluster, last endpoint, flags, details: as the access log would have them. */
  readonly info: StreamInfo;
  /** As the endpoint would get it, where `response` is undefined. */
  readonly request: RequestHead;
  /** The proxy's own answer. */
  readonly response: { readonly head: ResponseHead; readonly body: string } | undefined;
  /** What the client gets of an endpoint's answer; of those that were given one. */
  readonly answered: Headers | undefined;
  /** How long filters have held it up, in milliseconds. */
  readonly delayMs: number;
  /** The filters that it has come to. */
  readonly visits: readonly FilterVisit[];
}

/** Filters may hold a request up for so long; what takes longer is left as it is. */
const mostDelayMs = 120_000;
const stepMs = 50;
/** Between two requests, so that none meets what another has used up: rate limits are full again. */
const restMs = 24 * 3_600_000;

/**
 * Sends a request without a body through a manager, up to where it would connect.
 * @param answer fields of a 200 that the endpoint answers
 */
export function runDry(
  proxy: DryProxy,
  manager: ManagerRuntime,
  connection: ConnectionInfo,
  request: RequestHead,
  answer?: Headers,
): DryRequest {
  const { clock } = proxy;
  clock.advance(restMs);
  proxy.visits = [];
  const client = new DryClient();
  const stream = new HttpStream(manager, connection, client);
  const head = { ...request, headers: request.headers.clone() };
  stream.onHead(head, true);
  const begun = clock.now();
  const settled = (): boolean => client.head !== undefined || stream.info.attempts > 0;
  while (!settled() && clock.now() - begun < mostDelayMs) clock.advance(stepMs);
  const { info } = stream;
  const result: DryRequest = {
    info,
    request: head,
    response: client.head === undefined ? undefined : { head: client.head, body: client.body },
    answered: undefined,
    delayMs: clock.now() - begun,
    visits: proxy.visits,
  };
  // What it holds is given back; flags that this sets are not the request's.
  const { flags, details } = info;
  const answered =
    client.head === undefined && answer !== undefined ? answerTo(stream, head, answer) : undefined;
  stream.onReset('connection-termination');
  info.flags = flags;
  info.details = details;
  return { ...result, answered };
}

/** The way back, from where the router has the endpoint's answer. */
function answerTo(stream: HttpStream, request: RequestHead, fields: Headers): Headers | undefined {
  const { manager, info } = stream;
  const choice = stream.route();
  const action = choice?.route.action;
  const weighted =
    action?.kind === 'forward' ? action.clusters.find(({ name }) => name === info.cluster) : undefined;
  if (choice === undefined || action?.kind !== 'forward' || weighted === undefined) return undefined;
  const response: ResponseHead = { protocol: 'HTTP/1.1', status: 200, headers: fields };
  rewriteResponse(response, request, { choice, action, weighted, table: manager.matcher?.table }, info);
  stream.encodeHead(response, true);
  return response.headers;
}

/** The client's end. */
class DryClient implements Stream<ResponseHead> {
  head: ResponseHead | undefined = undefined;
  body = '';

  sendHead(head: ResponseHead): void {
    this.head = head;
  }

  sendData(chunk: Buffer): boolean {
    this.body += chunk.toString('utf8');
    return true;
  }

  sendInformational(): void {}
  sendTrailers(): void {}
  reset(): void {}
  pause(): void {}
  resume(): void {}
}
