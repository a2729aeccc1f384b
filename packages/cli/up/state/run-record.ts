import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isJsonObject } from '@tulle/resources/json-object';
import type { ProcessIdentity } from '../process/process-identity.ts';

/** `mesh.json`: what survives a stop, so that a stopped mesh can be named and purged. */
export interface MeshRecord {
  readonly mesh: string;
  /** Real path of the mesh file. */
  readonly file: string;
}

export interface ChildRecord extends ProcessIdentity {
  readonly name: string;
  readonly role: 'app' | 'proxy';
}

/** `run/run.json`: a running mesh, how to reach it, and every process that it has started. */
export interface RunRecord extends MeshRecord {
  readonly supervisor: ProcessIdentity;
  /** RFC 3339. */
  readonly startedAt: string;
  /** `http://127.0.0.1:8090`; absent until the control plane is ready. */
  readonly api?: string;
  readonly urls: { readonly http?: string; readonly https?: string };
  /** Where proxies enrol and fetch their configuration; what `tulle run` needs. */
  readonly controlPlane?: ControlPlaneAddress;
  readonly children: readonly ChildRecord[];
}

export interface ControlPlaneAddress {
  readonly address: string;
  readonly xdsPort: number;
  readonly enrolPort: number;
  readonly trustDomain: string;
  readonly identity: string;
}

/** Replaces the file in one step: a reader sees the old or the new record, never half of one. */
export function writeJson(path: string, value: unknown): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** @returns undefined when there is none, or none that can be read */
export function readRunRecord(path: string): RunRecord | undefined {
  const value = readJson(path);
  return isRunRecord(value) ? value : undefined;
}

export function readMeshRecord(path: string): MeshRecord | undefined {
  const value = readJson(path);
  return isMeshRecord(value) ? value : undefined;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function isMeshRecord(value: unknown): value is MeshRecord {
  return isJsonObject(value) && typeof value.mesh === 'string' && typeof value.file === 'string';
}

function isRunRecord(value: unknown): value is RunRecord {
  return (
    isMeshRecord(value) &&
    'supervisor' in value &&
    isIdentity(value.supervisor) &&
    'children' in value &&
    Array.isArray(value.children) &&
    value.children.every(isIdentity) &&
    'urls' in value &&
    isJsonObject(value.urls)
  );
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return isJsonObject(value) && Number.isInteger(value.pid) && typeof value.start === 'string';
}
