import type { Model } from '@tulle/control-plane/model/model';
import { isExportedTo, resolveHost } from '@tulle/control-plane/model/services/host';
import type { Service } from '@tulle/control-plane/model/services/service';
import type { Explanation } from '@tulle/data-plane/explain/explanation';
import { nearestName } from '@tulle/resources/nearest';
import type { ProxyMetadata } from '@tulle/xds/node';

/** Istio's virtual hosts for what no other has. */
const catchAll: ReadonlySet<string> = new Set(['allow_any', 'block_all']);

/** Whether a sidecar takes the host for one outside the mesh. */
export const isOutside = ({ virtualHost }: Explanation): boolean => catchAll.has(virtualHost?.name ?? '');

/** Why a sidecar knows no service of a host, where the mesh knows more; undefined: it has nothing alike. */
export function whyOutside(
  model: Model,
  { NAMESPACE: namespace, WORKLOAD_NAME: workload, TULLE_OUTBOUND: outbound }: ProxyMetadata,
  authority: string,
): string | undefined {
  const { services } = model.config;
  const [, bracketed, plain = '', digits = '80'] =
    /^(?:\[(.+)\]|([^:]*))(?::(\d+))?$/.exec(authority.toLowerCase()) ?? [];
  const written = bracketed ?? plain;
  const host = resolveHost(written, namespace, services.has);
  const found = services.all.filter((one) => one.host === host);
  if (found.length === 0) return mistyped(services.all, namespace, written);
  const visible = found.find((one) => isExportedTo(one.exportTo, one.namespace, namespace));
  if (visible === undefined)
    return `${found.map(named).join(', ')} has this host, but is not exported to namespace ${namespace}`;
  const { ports } = visible;
  const port = Number(digits);
  if (!ports.some(({ number }) => number === port))
    return `${named(visible)} has no port ${port}, only ${ports.map(({ number }) => number).join(', ') || 'none'}`;
  const { upstreams, onlyDeclared } = outbound;
  if (onlyDeclared === true || upstreams.length > 0) {
    const declared = upstreams.map((one) => `${one.host}:${one.port}`).join(', ') || 'none';
    return `${named(visible)} has this host, but ${workload} may call its declared upstreams only: ${declared}`;
  }
  return `${named(visible)} has this host, but the Sidecar that holds for ${workload} leaves it out`;
}

/** What a name was most likely meant to be: of the caller's namespace its short form. */
function mistyped(services: readonly Service[], namespace: string, written: string): string | undefined {
  const inside = `.${namespace}.svc.cluster.local`;
  const known = services.flatMap(({ host }) =>
    host.endsWith(inside) ? [host, host.slice(0, -inside.length)] : [host],
  );
  const near = nearestName(written, known);
  return near === undefined ? undefined : `no service is called ${written}; did you mean ${near}?`;
}

const named = ({ origin: { kind, namespace, name } }: Service): string => `${kind} ${namespace}/${name}`;
