/**
 * Host names as Istio resolves them in a resource of `namespace`: a name without dots gets the namespace and
 * the cluster's domain (`reviews` ⇒ `reviews.ns.svc.cluster.local`). We also complete what Kubernetes' DNS
 * search list would: `reviews.ns` is left alone by Istio's API but means the service to every client, and so
 * do `reviews.ns.svc`. Wildcards, IP addresses and fully qualified names come back unchanged, lower case.
 *
 * @param isNamespace says whether a name is a namespace: decides what `a.b` is. By default any `a.b` whose
 *   second label isn't a common public suffix is taken as service and namespace.
 */
export function resolveHost(
  host: string,
  namespace: string,
  domain = 'cluster.local',
  isNamespace: (name: string) => boolean = looksLikeNamespace,
): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name === '' || name.includes('*') || name.includes(':') || name.includes('/') || ipv4.test(name))
    return name;
  const labels = name.split('.');
  if (labels.length === 1) return `${name}.${namespace}.svc.${domain}`;
  if (labels.length === 2 && isNamespace(labels[1] ?? '')) return `${name}.svc.${domain}`;
  if (labels.length === 3 && labels[2] === 'svc') return `${name}.${domain}`;
  return name;
}

/**
 * All names by which a client in `clientNamespace` may call the service `name` of `namespace`: short ones only
 * in its own namespace. Fully qualified first.
 */
export function hostAliases(
  name: string,
  namespace: string,
  clientNamespace: string,
  domain = 'cluster.local',
): string[] {
  const aliases = [`${name}.${namespace}.svc.${domain}`, `${name}.${namespace}.svc`, `${name}.${namespace}`];
  return namespace === clientNamespace ? [...aliases, name] : aliases;
}

const ipv4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Two-label hosts on the Internet end in one of these far more often than in a namespace of that name. */
const publicSuffixes = new Set(
  (
    'com net org edu gov mil int info biz io dev app ai co me tv cc eu uk de fr nl be ch at es it pt se no fi dk pl cz ' +
    'ru cn jp kr in br ca au nz us mx ar za arpa local localhost test example invalid internal lan home'
  ).split(' '),
);

const looksLikeNamespace = (name: string): boolean => !publicSuffixes.has(name);
