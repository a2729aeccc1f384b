import { documentationUrl } from '@tulle/control-plane/analyze/format';
import type { Finding } from '@tulle/control-plane/analyze/message';
import type { Place } from '../explain/mesh-files.ts';

/** A finding and where it stands; undefined: in no file. */
export interface Located {
  readonly finding: Finding;
  readonly place: Place | undefined;
}

/** For `-o json`: names that stay. */
export function toJson({ finding: { message, origin, detail }, place }: Located): object {
  const { kind, namespace, name, path } = origin;
  return {
    code: message.code,
    name: message.name,
    level: message.level,
    resource: { kind, ...(namespace !== '' && { namespace }), name },
    ...(path !== '' && { path }),
    ...place,
    message: detail,
    consequence: message.consequence,
    remedy: message.remedy,
    documentationUrl: documentationUrl(message),
  };
}
