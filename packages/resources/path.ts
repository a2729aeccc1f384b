/** A field's place in a resource: property names and list indexes from the root. */
export type FieldPath = readonly (string | number)[];

const plainName = /^[A-Za-z_$][\w$-]*$/;

/**
 * `['spec', 'http', 0, 'match']` ⇒ `spec.http[0].match`. A name that isn't plain is quoted in brackets:
 * `metadata.labels["app.kubernetes.io/name"]`.
 */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (plainName.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}
