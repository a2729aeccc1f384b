import { bool, int, type Message, many, map, one, optional, string, strings, time } from './message.ts';

/**
 * Field numbers of k8s.io/api and k8s.io/apimachinery (generated.proto, 1.34) for the kinds that kubectl's
 * typed commands send. managedFields are left out: we keep none.
 */

const ownerReference: Message = {
  1: string('kind'),
  3: string('name'),
  4: string('uid'),
  5: string('apiVersion'),
  6: optional(bool('controller')),
  7: optional(bool('blockOwnerDeletion')),
};

const objectMeta: Message = {
  1: string('name'),
  2: string('generateName'),
  3: string('namespace'),
  4: string('selfLink'),
  5: string('uid'),
  6: string('resourceVersion'),
  7: int('generation'),
  8: time('creationTimestamp'),
  9: time('deletionTimestamp'),
  10: optional(int('deletionGracePeriodSeconds')),
  11: map('labels'),
  12: map('annotations'),
  13: many('ownerReferences', ownerReference),
  14: strings('finalizers'),
};

const metadata = one('metadata', objectMeta);

const condition: Message = {
  1: string('type'),
  2: string('status'),
  3: int('observedGeneration'),
  4: time('lastTransitionTime'),
  5: string('reason'),
  6: string('message'),
};

const namespaceCondition: Message = {
  1: string('type'),
  2: string('status'),
  4: time('lastTransitionTime'),
  5: string('reason'),
  6: string('message'),
};

const namespace: Message = {
  1: metadata,
  2: one('spec', { 1: strings('finalizers') }),
  3: one('status', { 1: string('phase'), 2: many('conditions', namespaceCondition) }),
};

const objectReference: Message = {
  1: string('kind'),
  2: string('namespace'),
  3: string('name'),
  4: string('uid'),
  5: string('apiVersion'),
  6: string('resourceVersion'),
  7: string('fieldPath'),
};

const serviceAccount: Message = {
  1: metadata,
  2: many('secrets', objectReference),
  3: many('imagePullSecrets', { 1: string('name') }),
  4: optional(bool('automountServiceAccountToken')),
};

const secret: Message = {
  1: metadata,
  2: map('data', 'bytesMap'),
  3: string('type'),
  4: map('stringData'),
  5: optional(bool('immutable')),
};

const configMap: Message = {
  1: metadata,
  2: map('data'),
  3: map('binaryData', 'bytesMap'),
  4: optional(bool('immutable')),
};

const servicePort: Message = {
  1: string('name'),
  2: string('protocol'),
  3: int('port'),
  4: { name: 'targetPort', type: 'intOrString' },
  5: int('nodePort'),
  6: optional(string('appProtocol')),
};

const serviceSpec: Message = {
  1: many('ports', servicePort),
  2: map('selector'),
  3: string('clusterIP'),
  4: string('type'),
  5: strings('externalIPs'),
  7: string('sessionAffinity'),
  8: string('loadBalancerIP'),
  9: strings('loadBalancerSourceRanges'),
  10: string('externalName'),
  11: string('externalTrafficPolicy'),
  12: int('healthCheckNodePort'),
  13: bool('publishNotReadyAddresses'),
  14: one('sessionAffinityConfig', { 1: one('clientIP', { 1: optional(int('timeoutSeconds')) }) }),
  17: string('ipFamilyPolicy'),
  18: strings('clusterIPs'),
  19: strings('ipFamilies'),
  20: optional(bool('allocateLoadBalancerNodePorts')),
  21: string('loadBalancerClass'),
  22: string('internalTrafficPolicy'),
  23: string('trafficDistribution'),
};

const loadBalancerIngress: Message = {
  1: string('ip'),
  2: string('hostname'),
  3: string('ipMode'),
  4: many('ports', { 1: int('port'), 2: string('protocol'), 3: string('error') }),
};

const serviceStatus: Message = {
  1: one('loadBalancer', { 1: many('ingress', loadBalancerIngress) }),
  2: many('conditions', condition),
};

const service: Message = { 1: metadata, 2: one('spec', serviceSpec), 3: one('status', serviceStatus) };

const deleteOptions: Message = {
  1: optional(int('gracePeriodSeconds')),
  2: one('preconditions', { 1: string('uid'), 2: string('resourceVersion') }),
  3: optional(bool('orphanDependents')),
  4: string('propagationPolicy'),
  5: strings('dryRun'),
  6: optional(bool('ignoreStoreReadErrorWithClusterBreakingPotential')),
};

const boundObjectReference: Message = {
  1: string('kind'),
  2: string('apiVersion'),
  3: string('name'),
  4: string('uid'),
};

const tokenRequest: Message = {
  1: metadata,
  2: one('spec', {
    1: strings('audiences'),
    3: one('boundObjectRef', boundObjectReference),
    4: optional(int('expirationSeconds')),
  }),
  3: one('status', { 1: string('token'), 2: time('expirationTimestamp') }),
};

/** By apiVersion and kind; DeleteOptions come in any version. */
const messages: Readonly<Record<string, Message>> = {
  'v1 Namespace': namespace,
  'v1 ServiceAccount': serviceAccount,
  'v1 Secret': secret,
  'v1 ConfigMap': configMap,
  'v1 Service': service,
  'authentication.k8s.io/v1 TokenRequest': tokenRequest,
};

export const messageOf = (apiVersion: string, kind: string): Message | undefined =>
  kind === 'DeleteOptions' ? deleteOptions : messages[`${apiVersion} ${kind}`];
