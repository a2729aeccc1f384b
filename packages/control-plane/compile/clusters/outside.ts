import type { Origin } from '@tulle/xds/resource';
import { note } from '../note.ts';
import type { View } from '../scope/view.ts';
import { blackHoleCluster, passthroughCluster, resolveDestination } from './cluster-ref.ts';
import type { Collector } from './collector.ts';

/** Whether hosts outside the mesh are refused: by the Sidecar, else by the mesh. */
export const refusesOutside = ({ config, outbound }: View): boolean =>
  outbound?.spec.mode === undefined ? config.mesh.registryOnly : outbound.spec.mode === 'REGISTRY_ONLY';

/** Where what is for nobody in the mesh goes: where it wants to, to an egress proxy, or nowhere. */
export function outsideCluster(view: View, collector: Collector): string {
  if (refusesOutside(view)) return blackHoleCluster;
  const { spec, origin } = view.outbound ?? {};
  if (spec?.egressProxy === undefined) return passthroughCluster;
  const found = resolveDestination(view, spec.egressProxy, spec.egressProxy.port?.number ?? 0);
  if ('cluster' in found) return collector.use(found.cluster);
  const { code, message } = found;
  collector.notes.push(note(origin as Origin, code, message, `${origin?.path}.egressProxy.host`));
  return blackHoleCluster;
}
