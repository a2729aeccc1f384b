import { error, type Finding } from '../finding.ts';
import type { FieldPath } from '../path.ts';
import { isDnsLabel } from '../schema/name.ts';

/**
 * `exportTo`: namespaces, `.` (its own), `*` (all; alone), and for a ServiceEntry `~` (none; alone), each once.
 */
export function checkExportTo(
  exportTo: readonly string[] = [],
  path: FieldPath,
  extra: readonly string[] = [],
): Finding[] {
  return exportTo.flatMap((value, index) => {
    const at = [...path, index];
    if (value !== '.' && value !== '*' && !extra.includes(value) && !isDnsLabel(value)) {
      return [
        error(
          'bad-name',
          at,
          `must be a namespace, "." (this one) or "*" (all), not ${JSON.stringify(value)}`,
        ),
      ];
    }
    if (exportTo.indexOf(value) < index)
      return [error('duplicate', at, `is given twice: ${JSON.stringify(value)}`)];
    if ((value === '*' || value === '~') && exportTo.length > 1)
      return [error('conflict', at, `${JSON.stringify(value)} must stand alone`)];
    return [];
  });
}
