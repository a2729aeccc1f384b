import type { ClientTls, PolicySettings } from '../istio.ts';
import type { MeshSettings } from './mesh.ts';

/** Settings of a destination with what the mesh says where its DestinationRule does not. */
export function withMeshDefaults(
  settings: PolicySettings,
  mesh: MeshSettings,
  service: { readonly external: boolean },
): PolicySettings {
  const { connectTimeout, tcpKeepalive, h2UpgradePolicy } = mesh.clients;
  const { tcp, http } = settings.connectionPool ?? {};
  // HTTP/2 is agreed on with the mesh's own sidecars; what else is outside may not speak it.
  const upgrade = service.external ? undefined : h2UpgradePolicy;
  const written = http?.h2UpgradePolicy === 'DEFAULT' ? undefined : http?.h2UpgradePolicy;
  return {
    ...settings,
    connectionPool: {
      tcp: {
        ...tcp,
        connectTimeout: tcp?.connectTimeout ?? connectTimeout,
        tcpKeepalive: tcp?.tcpKeepalive ?? tcpKeepalive,
      },
      http: { ...http, h2UpgradePolicy: written ?? upgrade },
    },
    tls: clientTls(settings.tls, mesh),
  };
}

function clientTls(tls: ClientTls | undefined, { clients }: MeshSettings): ClientTls | undefined {
  if (tls?.mode === undefined) return clients.autoMtls ? tls : { ...tls, mode: 'DISABLE' };
  const { mode, caCertificates, credentialName, subjectAltNames = [] } = tls;
  const begins = mode === 'SIMPLE' || mode === 'MUTUAL';
  const saysWhom = caCertificates || credentialName || subjectAltNames.length > 0;
  return begins && !saysWhom && !clients.verifyCertificates ? { ...tls, insecureSkipVerify: true } : tls;
}
