import { documentationUrl } from '@tulle/control-plane/analyze/format';
import type { Finding } from '@tulle/control-plane/analyze/message';

/** A finding and where it stands: `mesh.yaml:14`; undefined: in no file. */
export interface Located {
  readonly finding: Finding;
  readonly place: string | undefined;
}

/** For `-o json`: names that stay. */
export function toJson({ finding: { message, origin, detail }, place }: Located): object {
  const { kind, namespace, name, path } = origin;
  const [, file, line] = /^(.*):(\d+)$/.exec(place ?? '') ?? [];
  return {
    code: message.code,
    name: message.name,
    level: message.level,
    resource: { kind, ...(namespace !== '' && { namespace }), name },
    ...(path !== '' && { path }),
    ...(file !== undefined && { file, line: Number(line) }),
    message: detail,
    consequence: message.consequence,
    remedy: message.remedy,
    documentationUrl: documentationUrl(message),
  };
}
