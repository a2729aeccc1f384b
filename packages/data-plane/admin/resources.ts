import { byType, type XdsType } from '@tulle/xds/resource';
import type { RawResources } from '../config/last-good.ts';

/** `/resources`: by type, name ⇒ [version, message in base64]. Secrets are left out. */
export type ResourcesPage = Readonly<Record<XdsType, Readonly<Record<string, readonly [string, string]>>>>;

export function resourcesJson(resources: RawResources | undefined): ResourcesPage {
  return byType((type) =>
    Object.fromEntries(
      (type === 'secret' ? [] : (resources?.[type] ?? [])).map(({ name, version, bytes }) => [
        name,
        [version, Buffer.from(bytes).toString('base64')] as const,
      ]),
    ),
  );
}

/** What the page says, as resources again. */
export function readResources(page: ResourcesPage): RawResources {
  return byType((type) =>
    Object.entries(page[type] ?? {}).map(([name, [version, message]]) => ({
      name,
      version,
      bytes: new Uint8Array(Buffer.from(message, 'base64')),
    })),
  );
}
