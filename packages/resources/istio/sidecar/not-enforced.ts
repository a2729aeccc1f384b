/** Fields of a connection pool that say nothing about connections to the application beside its proxy. */
const ofPool = ['tcp.tcpKeepalive', 'http.h2UpgradePolicy', 'http.useClientProtocol'];

/** Fields of a Sidecar that we accept and do not act on. */
export const notEnforced: readonly string[] = [
  'spec.egress[].port.targetPort',
  'spec.ingress[].port.targetPort',
  'spec.ingress[].tls.httpsRedirect',
  ...ofPool.flatMap((field) => [
    `spec.ingress[].connectionPool.${field}`,
    `spec.inboundConnectionPool.${field}`,
  ]),
];
