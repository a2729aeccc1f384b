import type { JsonObject } from '@tulle/xds/json';
import type { Origin } from '@tulle/xds/resource';
import type { core_Metadata } from '@tulle/xds/wire';
import { filterMetadata } from '../config/translate/values/metadata.ts';

/** What a message stems from, as the control plane wrote it into its metadata; of other control planes nothing. */
export function originsIn(metadata: core_Metadata | undefined): readonly Origin[] {
  const { origins } = filterMetadata(metadata, 'tulle.dev/origin');
  if (!Array.isArray(origins)) return [];
  return origins.flatMap((one): Origin[] => {
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return [];
    const text = (field: string): string => String((one as JsonObject)[field] ?? '');
    return [
      {
        kind: text('kind'),
        namespace: text('namespace'),
        name: text('name'),
        generation: Number(text('generation')),
        path: text('path'),
      },
    ];
  });
}
