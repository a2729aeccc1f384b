import { z } from 'zod';
import { message, options } from '../schema/message.ts';

/** A port by number or by the name that the other side gives it. */
export const intOrString = () => z.union([z.int(), z.string()]).meta({ 'x-kubernetes-int-or-string': true });

export const time = () => z.string().meta({ format: 'date-time' });

/** metav1.Condition, lenient: what others wrote into a status is not ours to refuse. */
export const condition = message(
  {
    type: z.string().describe('What the condition is about.'),
    status: z.string().describe('True, False or Unknown.'),
  },
  {
    reason: z.string().describe('One word for the last change.'),
    message: z.string().describe('The details for people.'),
    lastTransitionTime: time().describe('When the status last changed.'),
    observedGeneration: z.int().describe('The generation that this is about.'),
  },
);

export const objectReference = options({
  apiVersion: z.string().describe('API version of the object.'),
  kind: z.string().describe('Kind of the object.'),
  namespace: z.string().describe('Namespace of the object.'),
  name: z.string().describe('Name of the object.'),
  uid: z.string().describe('UID of the object.'),
  resourceVersion: z.string().describe('The version that is meant.'),
  fieldPath: z.string().describe('The part that is meant.'),
});

/** Standard base64 with padding, as Kubernetes wants it in Secret and ConfigMap. */
export const isBase64 = (text: string): boolean =>
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replace(/[\r\n]/g, ''));

/** The name of a key in a Secret or ConfigMap. */
export const isDataKey = (key: string): boolean =>
  key.length <= 253 && /^[-._a-zA-Z0-9]+$/.test(key) && key !== '.' && key !== '..';

/** Marks a list that a strategic merge patch merges by `key` instead of replacing it (as Kubernetes' own types). */
export const mergedBy = <S extends z.ZodType>(list: S, key?: string): S =>
  list.meta({
    'x-kubernetes-patch-strategy': 'merge',
    ...(key === undefined ? {} : { 'x-kubernetes-patch-merge-key': key }),
  }) as S;
