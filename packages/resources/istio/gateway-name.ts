/**
 * How a VirtualService of `namespace` names a Gateway (Istio): `name`, `./name`, `namespace/name`, or of old
 * `name.namespace[.svc…]` ⇒ `namespace/name`.
 */
export function gatewayKey(written: string, namespace: string): string {
  const [first = '', second] = written.split('/');
  if (second !== undefined) return `${first === '.' ? namespace : first}/${second}`;
  const [label = '', inNamespace = namespace] = written.split('.');
  return `${inNamespace}/${label}`;
}
