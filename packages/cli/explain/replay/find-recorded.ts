import type { ProxyStatus } from '../../api/proxies.ts';
import type { ProxyView } from '../proxy-view.ts';
import { logFileOf, recordedRequests } from './logs.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** A request as one proxy has logged it. */
export interface Recorded {
  readonly view: ProxyView;
  readonly request: RecordedRequest;
}

/** Every proxy's line of a request id, the earliest first. @param folder of the logs */
export async function findRecorded(
  id: string,
  proxies: readonly ProxyStatus[],
  folder: string,
  viewOf: (proxy: ProxyStatus) => Promise<ProxyView>,
): Promise<Recorded[]> {
  const found: Recorded[] = [];
  for (const proxy of proxies) {
    const file = logFileOf(folder, proxy.metadata.namespace, proxy.metadata.name);
    if (file === undefined) continue;
    const view = await viewOf(proxy);
    for (const request of recordedRequests(file, view.explainer.proxy.tables, 0))
      if (request.requestId === id) found.push({ view, request });
  }
  return found.toSorted((a, b) => (a.request.at ?? 0) - (b.request.at ?? 0));
}
