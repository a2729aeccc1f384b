/** Fields of a traffic policy that we accept and do not act on yet, also under portLevelSettings where they exist. */
const anywhere = ['loadBalancer.zoneAwareLbSetting', 'loadBalancer.backendUtilization'];

export const notEnforced: readonly string[] = [
  ...['spec.trafficPolicy', 'spec.subsets[].trafficPolicy'].flatMap((policy) => [
    ...anywhere.map((field) => `${policy}.${field}`),
    ...anywhere.map((field) => `${policy}.portLevelSettings[].${field}`),
  ]),
];
