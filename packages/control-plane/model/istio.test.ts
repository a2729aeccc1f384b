import type { Service as KubernetesService } from '@tulle/resources/core/service';
import type { DestinationRule } from '@tulle/resources/istio/destination-rule/kind';
import type { Gateway } from '@tulle/resources/istio/gateway';
import type { PeerAuthentication } from '@tulle/resources/istio/peer-authentication';
import type { ServiceEntry } from '@tulle/resources/istio/service-entry';
import type { Sidecar } from '@tulle/resources/istio/sidecar/kind';
import type { VirtualService } from '@tulle/resources/istio/virtual-service/kind';
import type { WorkloadEntry } from '@tulle/resources/istio/workload-entry';
import type { Mesh } from '@tulle/resources/tulle/mesh';
import { expectTypeOf, test } from 'vitest';
import type {
  DestinationRuleSpec,
  GatewaySpec,
  PeerAuthenticationSpec,
  ServiceEntrySpec,
  SidecarSpec,
  VirtualServiceSpec,
  WorkloadEntrySpec,
} from './istio.ts';
import type { MeshSpec } from './mesh/mesh.ts';
import type { KubernetesServiceSpec } from './services/kubernetes-service.ts';

type SpecOf<T extends { spec?: unknown }> = NonNullable<T['spec']>;

test('what the schemas accept is what the model reads', () => {
  expectTypeOf<SpecOf<VirtualService>>().toExtend<VirtualServiceSpec>();
  expectTypeOf<SpecOf<DestinationRule>>().toExtend<DestinationRuleSpec>();
  expectTypeOf<SpecOf<Gateway>>().toExtend<GatewaySpec>();
  expectTypeOf<SpecOf<ServiceEntry>>().toExtend<ServiceEntrySpec>();
  expectTypeOf<SpecOf<WorkloadEntry>>().toExtend<WorkloadEntrySpec>();
  expectTypeOf<SpecOf<PeerAuthentication>>().toExtend<PeerAuthenticationSpec>();
  expectTypeOf<SpecOf<Sidecar>>().toExtend<SidecarSpec>();
  expectTypeOf<SpecOf<KubernetesService>>().toExtend<KubernetesServiceSpec>();
  expectTypeOf<SpecOf<Mesh>>().toExtend<MeshSpec>();
});
