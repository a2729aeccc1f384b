/** What the proxies of a running mesh were started with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';

/** @param instance `reviews-v1-0` */
export function bootstrapOf(stateDir: string, instance: string, namespace = 'default'): Bootstrap {
  return JSON.parse(
    readFileSync(join(stateDir, 'run', `${namespace}.${instance}.json`), 'utf8'),
  ) as Bootstrap;
}

/** Where the mesh reaches an instance: the first inbound port of its sidecar. */
export function inboundPort(stateDir: string, instance: string): number {
  const port = bootstrapOf(stateDir, instance).node.metadata.TULLE_INBOUND[0]?.bindPort;
  if (port === undefined) throw new Error(`${instance} has no inbound port`);
  return port;
}

/** Where an instance's application sends its requests. */
export function outboundPort(stateDir: string, instance: string): number {
  const port = bootstrapOf(stateDir, instance).node.metadata.TULLE_OUTBOUND.httpProxy?.port;
  if (port === undefined) throw new Error(`${instance} has no outbound proxy`);
  return port;
}

export const adminPort = (stateDir: string, instance: string, namespace?: string): number =>
  bootstrapOf(stateDir, instance, namespace).admin.port;
