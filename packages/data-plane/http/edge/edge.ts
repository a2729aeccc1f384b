import type { EdgeRules } from '@tulle/decision/edge-rules';
import type { LocalReply } from '../local-reply.ts';
import type { RequestHead, ResponseHead } from '../stream.ts';
import type { StreamInfo } from '../stream-info.ts';
import { ClientAddresses } from './client-address.ts';
import { forwardCertificate } from './client-certificate.ts';
import { prepareFieldNames } from './field-names.ts';
import { prepareHost } from './host.ts';
import { httpDate } from './http-date.ts';
import { preparePath } from './path.ts';
import { newRequestId } from './request-id.ts';

const requestIdHeader = 'x-request-id';

/** What every request goes through before filters see it, and every response after them; one per manager. */
export class Edge {
  readonly #rules: EdgeRules;
  readonly #clients: ClientAddresses;

  constructor(rules: EdgeRules) {
    this.#rules = rules;
    this.#clients = new ClientAddresses(rules.client);
  }

  /** A reply: the request goes no further. */
  request(head: RequestHead, info: StreamInfo): LocalReply | undefined {
    const { connection } = info;
    const { headers } = head;
    const { requestId, via } = this.#rules;
    const refusal = prepareFieldNames(headers, this.#rules) ?? preparePath(head, this.#rules.path);
    if (refusal !== undefined) return refusal;
    prepareHost(head, this.#rules.host, connection.localPort);
    const believed = this.#clients.establish(head, info);
    if (requestId.generate) {
      // At the edge an id from outside is replaced: it would let a client choose which traces meet.
      const keep = (believed || requestId.preserveExternal) && headers.has(requestIdHeader);
      if (!keep) headers.set(requestIdHeader, newRequestId());
    }
    info.requestId = headers.get(requestIdHeader) ?? '';
    forwardCertificate(headers, connection, this.#rules.clientCertificate);
    if (via !== undefined) appendVia(headers, via);
    return undefined;
  }

  /** `now`: milliseconds since the epoch. */
  response(head: ResponseHead, info: StreamInfo, now: number): void {
    const { headers } = head;
    const { server, via, requestId } = this.#rules;
    if (server.when === 'always') headers.set('server', server.name);
    else if (server.when === 'if-absent' && !headers.has('server')) headers.add('server', server.name);
    if (head.status >= 200 && !headers.has('date')) headers.add('date', httpDate(now));
    if (via !== undefined) appendVia(headers, via);
    if (requestId.inResponse && info.requestId !== '') headers.set(requestIdHeader, info.requestId);
  }
}

function appendVia(headers: RequestHead['headers'], via: string): void {
  const before = headers.joined('via');
  headers.set('via', before === undefined ? via : `${before}, ${via}`);
}
