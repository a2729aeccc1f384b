import { resourceSet } from '@tulle/resources/cross-check/resource-set';
import { workloads } from '@tulle/resources/cross-check/workloads';
import type { Resource } from '@tulle/resources/kind';
import { formatPath } from '@tulle/resources/path';
import type { Problem } from '@tulle/resources/problem';
import type { ProblemCode } from '@tulle/resources/problem-codes';
import { validateResource } from '@tulle/resources/validate';
import { checkPatchValues } from '../../compile/patches/check-values.ts';
import { originOf } from '../../model/origin.ts';
import { serviceHost } from '../../model/services/host.ts';
import type { Analyzer } from '../analyzer.ts';
import { invalid } from '../document-messages.ts';
import type { Message } from '../message.ts';
import { idleOperations } from './envoy-filters.ts';

export const notFound: Message = {
  code: 'IST0101',
  name: 'ReferencedResourceNotFound',
  level: 'Error',
  about: 'A host, subset, gateway, Secret, workload or other resource that is referred to does not exist.',
  consequence: 'What refers to it does nothing, or answers 503.',
  remedy: 'Correct the name, or apply what is missing; mind namespaces and exportTo.',
};

const schemaWarning: Message = {
  code: 'IST0133',
  name: 'SchemaWarning',
  level: 'Warning',
  about: 'The resource is valid, but something in it is questionable.',
  consequence: 'It is accepted and may not do what was meant.',
  remedy: 'Look at the field that the message names.',
};

const deprecated: Message = {
  code: 'IST0002',
  name: 'Deprecated',
  level: 'Warning',
  about: 'There is a newer way to say it.',
  consequence: 'It works, and may go away.',
  remedy: 'Use the field that the message names.',
};

const severalSidecars: Message = {
  code: 'IST0111',
  name: 'MultipleSidecarsWithoutWorkloadSelectors',
  level: 'Error',
  about: 'Several Sidecars of a namespace have no workloadSelector.',
  consequence: 'The oldest counts; the others do nothing (in Istio it is left open which).',
  remedy: 'Give all but one a workloadSelector, or merge them.',
};

const unknownPort: Message = {
  code: 'TUL0001',
  name: 'DestinationPortNotFound',
  level: 'Error',
  about: 'A port is named that the service does not have.',
  consequence: 'Requests that get there are answered 503.',
  remedy: 'Name a port of the service, or add it to the service.',
};

const badDelegate: Message = {
  code: 'TUL0002',
  name: 'DelegateNotUsable',
  level: 'Error',
  about: 'A VirtualService delegates to one that cannot take over.',
  consequence: 'The rules of the delegate are left out.',
  remedy: 'A delegate exists, has no hosts, does not delegate further, and matches within what it is handed.',
};

const takenByOlder: Message = {
  code: 'TUL0003',
  name: 'RulesTakenByOlderVirtualService',
  level: 'Warning',
  about: 'An older VirtualService of the same host has a rule for every request.',
  consequence: 'This one’s rule without conditions is never reached.',
  remedy: 'Give the older one’s last rule a condition, or keep the default in one place.',
};

const notEnforced: Message = {
  code: 'TUL0004',
  name: 'FieldNotEnforced',
  level: 'Warning',
  about: 'A field is accepted, and what it asks for is not done here.',
  consequence: 'The mesh behaves as if it were not there.',
  remedy: 'Don’t rely on it; the reference says which fields have no effect.',
};

const withoutEffect: Message = {
  code: 'TUL0005',
  name: 'FieldWithoutEffect',
  level: 'Info',
  about: 'A field has no meaning beside the others.',
  consequence: 'It is ignored.',
  remedy: 'Remove it, or the field that rules it out.',
};

const weights: Message = {
  code: 'TUL0006',
  name: 'WeightsNotHundred',
  level: 'Info',
  about: 'The weights of a route do not add up to 100.',
  consequence: 'They are taken as proportions.',
  remedy: 'Write the percentages that are meant.',
};

const circle: Message = {
  code: 'TUL0007',
  name: 'CircularReference',
  level: 'Error',
  about: 'Resources wait for, or refer to, each other in a circle.',
  consequence: 'None of them can come first.',
  remedy: 'Take one reference out.',
};

const samePort: Message = {
  code: 'TUL0008',
  name: 'PortBoundTwice',
  level: 'Warning',
  about: 'Several processes of one machine want the same port.',
  consequence: 'Only the first can bind it.',
  remedy: 'Leave targetPort out and bind PORT.',
};

const unservedService: Message = {
  code: 'TUL0009',
  name: 'ServiceWithoutWorkloads',
  level: 'Warning',
  about: 'The selector of a Service matches no workload.',
  consequence: 'Calls to it are answered 503 (UH).',
  remedy: 'Correct the selector or the labels, or start a workload.',
};

/** Codes whose finding is another than a questionable schema. */
const byCode: Partial<Record<ProblemCode, Message>> = {
  'unknown-host': notFound,
  'unknown-subset': notFound,
  'unknown-gateway': notFound,
  'unknown-delegate': notFound,
  'unknown-workload': notFound,
  'unknown-target': notFound,
  'unknown-credential': notFound,
  'unknown-port': unknownPort,
  'bad-delegate': badDelegate,
  'conflicting-host': takenByOlder,
  'not-enforced': notEnforced,
  'not-supported': notEnforced,
  'no-effect': withoutEffect,
  deprecated,
  'weights-sum': weights,
  cycle: circle,
  'port-conflict': samePort,
  'no-workload': unservedService,
};

/** Another analyzer says them, and of more cases. */
const saidElsewhere = new Set<ProblemCode>(['unreachable']);

/** Only a whole mesh can say that they lead nowhere. */
const needHosts = new Set<ProblemCode>(['unknown-host', 'unknown-port', 'unknown-subset']);

/** What validation, the looks at resources together and the model say already, under the codes of an analysis. */
export const problems: Analyzer = {
  messages: [
    ...[notFound, schemaWarning, deprecated, severalSidecars, unknownPort, badDelegate, takenByOlder],
    ...[notEnforced, withoutEffect, weights, circle, samePort, unservedService],
  ],
  *analyze({ config, knows, workloadsOf }, report) {
    const say = (
      resource: Resource,
      { code, path, message, severity }: Pick<Problem, 'code' | 'path' | 'message' | 'severity'>,
    ) => {
      if (saidElsewhere.has(code) || (needHosts.has(code) && !knows.hosts)) return;
      const isSidecar = code === 'conflict' && resource.kind === 'Sidecar';
      const other = severity === 'error' ? invalid : schemaWarning;
      const idle = code === 'no-effect' && resource.kind === 'EnvoyFilter' && path.endsWith('.operation');
      const operation =
        idle && idleOperations.find(({ about }) => about.includes(` ${message.split(' ')[0]} `));
      if (operation) {
        report(operation, originOf(resource, path), message);
        return;
      }
      report(isSidecar ? severalSidecars : (byCode[code] ?? other), originOf(resource, path), message);
    };
    for (const [key, found] of config.problems) {
      const resource = config.resources.get(key);
      if (resource !== undefined) for (const problem of found) say(resource, problem);
    }
    const all = [...config.resources.values()];
    const isServed = ({ metadata: { name, namespace = 'default' } }: Resource): boolean => {
      const service = config.services.all.find(({ host }) => host === serviceHost(name, namespace));
      return service !== undefined && (service.listed.length > 0 || workloadsOf(service).length > 0);
    };
    workloads(resourceSet(all, 'default'), (index, { path, ...finding }) => {
      const resource = all[index];
      if (resource === undefined) return;
      // What has joined a running mesh (tulle run, WorkloadEntry) is no Workload.
      if (finding.code === 'no-workload' && isServed(resource)) return;
      say(resource, { ...finding, path: formatPath(path) });
    });
    for (const resource of all) {
      yield;
      for (const problem of warningsOf(resource)) say(resource, problem);
    }
  },
};

/** Resources don't change, they are replaced: what was validated once is not validated again. */
const validated = new WeakMap<Resource, readonly Problem[]>();

function warningsOf(resource: Resource): readonly Problem[] {
  const known = validated.get(resource) ?? validateResource(resource, { check: checkPatchValues }).problems;
  validated.set(resource, known);
  return known;
}
