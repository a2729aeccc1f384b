const notRead = 'Istio looks at it in ServiceEntries alone';
const byItsPort = 'for callers; an application is spoken to by the protocol of its port, in Istio too';

/** Fields of a Sidecar that mean nothing, and why. */
export const inert: Readonly<Record<string, string>> = {
  'spec.egress[].port.targetPort': notRead,
  'spec.ingress[].port.targetPort': notRead,
  'spec.ingress[].tls.httpsRedirect': 'it is for gateways; a sidecar’s port is either TLS or plain text',
  'spec.ingress[].connectionPool.http.h2UpgradePolicy': byItsPort,
  'spec.inboundConnectionPool.http.h2UpgradePolicy': byItsPort,
};
