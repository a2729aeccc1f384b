/** Fields of a traffic policy that we accept and do not act on yet, also under portLevelSettings where they exist. */
const anywhere = [
  'loadBalancer.zoneAwareLbSetting',
  'loadBalancer.backendUtilization',
  // A cookie that callers bring is hashed; our proxy gives them none.
  'loadBalancer.consistentHash.httpCookie.path',
  'loadBalancer.consistentHash.httpCookie.ttl',
  'loadBalancer.consistentHash.httpCookie.attributes',
  'outlierDetection.outlierDetectionHttpErrorCodes',
];
const hostOnly = ['tunnel', 'retryBudget.budgetInterval'];

export const notEnforced: readonly string[] = [
  ...['spec.trafficPolicy', 'spec.subsets[].trafficPolicy'].flatMap((policy) => [
    ...[...anywhere, ...hostOnly].map((field) => `${policy}.${field}`),
    ...anywhere.map((field) => `${policy}.portLevelSettings[].${field}`),
  ]),
];
