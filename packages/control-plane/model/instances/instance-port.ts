import type { ServicePort } from '../services/service.ts';
import { groupLabel, type WorkloadInstance } from './instance.ts';

/** The port of an instance that a service's port means: by number, by name, else the number itself. */
export function instancePort(
  instance: WorkloadInstance,
  { targetPort, name, number }: ServicePort,
): number | undefined {
  const { ports } = instance;
  if (typeof targetPort === 'string') return ports.find((port) => port.name === targetPort)?.target;
  const found = ports.find((port) => port.port === targetPort);
  const byName = instance.portsByName === true ? ports.find((port) => port.name === name) : undefined;
  const itself = targetPort || number;
  return (byName ?? found)?.target ?? (hasSidecarOfOurs(instance) ? undefined : itself);
}

/** Which listens where it is told, and nowhere else. */
const hasSidecarOfOurs = ({ tlsMode, portsByName = false, labels }: WorkloadInstance): boolean =>
  tlsMode === 'istio' && !(portsByName && !(groupLabel in labels));
