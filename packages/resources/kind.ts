import type { z } from 'zod';
import type { Finding } from './finding.ts';

/** Object metadata after the Kubernetes API conventions. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: {
    apiVersion: string;
    kind: string;
    name: string;
    uid: string;
    controller?: boolean;
    blockOwnerDeletion?: boolean;
  }[];
  managedFields?: unknown[];
  selfLink?: string;
}

/** A condition after the Kubernetes API conventions (metav1.Condition). */
export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  lastTransitionTime: string;
  observedGeneration?: number;
}

/** Any resource: what the store holds and the API serves. Kinds narrow `spec` and the rest. */
export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
  [field: string]: unknown;
}

/** A column of `tulle get` and of kubectl's Table output. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  /** Dotted path from the resource's root, as in a CRD's additionalPrinterColumns without its leading dot. */
  readonly path: string;
  readonly description?: string;
  /** Greater than 0: only with `-o wide`. */
  readonly priority?: number;
}

/**
 * A resource kind: one file each, listed once in `kinds.ts`. Its zod schema is the one source of type,
 * validation, JSON Schema, CRD and reference docs.
 */
export interface ResourceKind<T extends Resource = Resource> {
  /** `''` for the core group. */
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories?: readonly string[];
  /** All served versions are aliases of one schema; the first is the storage version. */
  readonly versions: readonly [string, ...string[]];
  readonly namespaced: boolean;
  readonly description: string;
  /** Strict: unknown fields are errors. */
  readonly schema: z.ZodType<T>;
  /** Null means absent everywhere (Kubernetes' own kinds), not only where the schema says nullable. */
  readonly nullIsAbsent?: boolean;
  readonly columns: readonly Column[];
  /** Semantic checks of one resource beyond its schema (weights that add up, CEL rules, oneOfs, …). */
  check?(resource: T): readonly Finding[];
  /** Field paths (`spec.http[].fault`; `*` for any key of a map) that are accepted but have no effect yet, and what there is instead; using one warns. */
  readonly notEnforced?: Readonly<Record<string, string>>;
  /** Field paths, written in the same way, that mean nothing here by nature, and why; using one warns. */
  readonly inert?: Readonly<Record<string, string>>;
  /** Written by the control plane alone: the public API serves it read-only. */
  readonly readOnly?: boolean;
}
