import { z } from 'zod';
import { checked } from './rule.ts';

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const label1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const qualified = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** RFC 1123 label: what namespaces and workloads are called. */
export const isDnsLabel = (name: string): boolean => name.length <= 63 && label.test(name);
/** A label in either case: what Istio lets subsets and ports be called (pkg/config/labels). */
export const isIstioLabel = (name: string): boolean => isDnsLabel(name.toLowerCase());
/** RFC 1035 label: what a Service is called. */
const isDnsLabel1035 = (name: string): boolean => name.length <= 63 && label1035.test(name);
/** RFC 1123 subdomain: what most objects are called. */
const isDnsSubdomain = (name: string): boolean => name.length <= 253 && subdomain.test(name);

/** A label's or annotation's key: `app`, `app.kubernetes.io/name`. */
export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  return (slash < 0 || isDnsSubdomain(key.slice(0, slash))) && name.length <= 63 && qualified.test(name);
}

/** A label's value: empty, or up to 63 letters, digits, `-`, `_`, `.`. */
export const isLabelValue = (value: string): boolean =>
  value === '' || (value.length <= 63 && qualified.test(value));

export const nameRules = {
  'dns-label': {
    test: isDnsLabel,
    text: 'at most 63 lower-case letters, digits and "-", starting and ending with a letter or digit',
  },
  'dns-label-1035': {
    test: isDnsLabel1035,
    text: 'at most 63 lower-case letters, digits and "-", starting with a letter',
  },
  'dns-subdomain': {
    test: isDnsSubdomain,
    text: 'at most 253 lower-case letters, digits, "-" and ".", starting and ending with a letter or digit',
  },
} as const;

export type NameRule = keyof typeof nameRules;

/** A string that must be a DNS label. */
export const dnsLabel = () =>
  checked(
    z.string(),
    'bad-name',
    isDnsLabel,
    (name) => `must be ${nameRules['dns-label'].text}, not ${JSON.stringify(name)}`,
  );
