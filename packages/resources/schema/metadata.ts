import { z } from 'zod';
import type { ObjectMeta } from '../kind.ts';
import type { ProblemCode } from '../problem-codes.ts';
import { mapOf, message, options } from './message.ts';
import { isLabelValue, isQualifiedName, type NameRule, nameRules } from './name.ts';

const time = () => z.string().meta({ format: 'date-time' });

const ownerReference = message(
  {
    apiVersion: z.string().describe('API version of the owner.'),
    kind: z.string().describe('Kind of the owner.'),
    name: z.string().describe('Name of the owner.'),
    uid: z.string().describe('UID of the owner.'),
  },
  {
    controller: z.boolean().describe('The owner is the managing controller.'),
    blockOwnerDeletion: z.boolean().describe('The owner cannot go before this object (foreground deletion).'),
  },
);

const fields = {
  name: z.string().describe('Unique among the objects of this kind in the namespace.'),
  generateName: z.string().describe('Prefix of a name that the server makes, when `name` is not given.'),
  namespace: z.string().describe('The namespace; `default` when not given. Not for cluster-scoped kinds.'),
  labels: mapOf(z.string()).describe('Names and values by which objects are selected.'),
  annotations: mapOf(z.string()).describe('Names and values that tools attach; nothing selects by them.'),
  finalizers: z
    .array(z.string())
    .meta({ 'x-kubernetes-patch-strategy': 'merge' })
    .describe('The object stays, marked as deleted, until this list is empty.'),
  ownerReferences: z
    .array(ownerReference)
    .meta({ 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'uid' })
    .describe('The objects with which this one goes.'),
  uid: z.string().describe('Set by the server: identifies this object in time and space.'),
  resourceVersion: z.string().describe('Set by the server: changes with every write.'),
  generation: z.int().describe('Set by the server: counts changes of the desired state.'),
  creationTimestamp: time().describe('Set by the server.'),
  deletionTimestamp: time().describe('Set by the server when deletion was asked for.'),
  deletionGracePeriodSeconds: z.int().describe('Set by the server on deletion.'),
  managedFields: z.array(z.unknown()).describe('Set by the server: who owns which field.'),
  selfLink: z.string().describe('Without meaning since Kubernetes 1.20.'),
};

/**
 * `metadata` after the Kubernetes API conventions, with the name rule of the kind. Names, label keys and
 * values and annotation keys are checked as Kubernetes does.
 */
export function metadataSchema(name: NameRule): z.ZodType<ObjectMeta> {
  const { test, text } = nameRules[name];
  return options(fields)
    .superRefine((meta, context) => {
      const issue = (code: ProblemCode, path: (string | number)[], text: string) =>
        context.addIssue({ code: 'custom', params: { code }, path, message: text });
      if (meta.name === undefined) {
        if (meta.generateName === undefined) issue('required', ['name'], 'is required (string)');
      } else if (!test(meta.name))
        issue('bad-name', ['name'], `must be ${text}, not ${JSON.stringify(meta.name)}`);
      if (
        meta.namespace !== undefined &&
        meta.namespace !== '' &&
        !nameRules['dns-label'].test(meta.namespace)
      ) {
        issue(
          'bad-name',
          ['namespace'],
          `must be ${nameRules['dns-label'].text}, not ${JSON.stringify(meta.namespace)}`,
        );
      }
      for (const [key, value] of Object.entries(meta.labels ?? {})) {
        if (!isQualifiedName(key))
          issue(
            'bad-label',
            ['labels', key],
            'is not a valid label name (letters, digits, "-", "_", "."; an optional DNS prefix and "/")',
          );
        else if (!isLabelValue(value))
          issue(
            'bad-label',
            ['labels', key],
            `must be at most 63 letters, digits, "-", "_" or ".", not ${JSON.stringify(value)}`,
          );
      }
      for (const key of Object.keys(meta.annotations ?? {})) {
        if (!isQualifiedName(key))
          issue(
            'bad-annotation',
            ['annotations', key],
            'is not a valid annotation name (letters, digits, "-", "_", "."; an optional DNS prefix and "/")',
          );
      }
    })
    .describe('Standard object metadata.') as unknown as z.ZodType<ObjectMeta>;
}
