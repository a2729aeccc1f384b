const fields = {
  'loadBalancer.zoneAwareLbSetting': 'localityLbSetting prefers localities',
} as const;

/** Fields of a traffic policy that we accept and do not act on yet, and what there is instead. */
export const notEnforced: Readonly<Record<string, string>> = Object.fromEntries(
  ['spec.trafficPolicy', 'spec.subsets[].trafficPolicy'].flatMap((policy) =>
    Object.entries(fields).flatMap(([field, why]) => [
      [`${policy}.${field}`, why],
      [`${policy}.portLevelSettings[].${field}`, why],
    ]),
  ),
);
