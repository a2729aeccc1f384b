import { error, type Finding, warning } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import { isHostName } from '../../schema/host.ts';
import { isDnsLabel } from '../../schema/name.ts';
import { checkBinding, checkUnique } from './check-binding.ts';
import type { EgressListener } from './kind.ts';

export function checkEgress(egress: readonly EgressListener[], path: FieldPath): Finding[] {
  return [...checkUnique(egress, path), ...egress.flatMap((_, index) => checkListener(egress, index, path))];
}

function checkListener(egress: readonly EgressListener[], index: number, path: FieldPath): Finding[] {
  const { port, bind = '', captureMode, hosts } = egress[index] as EgressListener;
  const at = [...path, index];
  const found: Finding[] = [];
  if (port !== undefined) {
    found.push(...checkBinding({ port, bind, ...(captureMode && { captureMode }) }, at));
  } else {
    if (bind !== '') found.push(error('required', [...at, 'port'], 'is required with bind (object)'));
    if (egress.findIndex((other) => other.port === undefined) < index)
      found.push(error('conflict', at, 'only one egress listener may have no port'));
    else if (index < egress.length - 1)
      found.push(
        error('conflict', at, 'has no port, so it takes what others leave: it must be the last one'),
      );
  }
  if (hosts.length === 0) found.push(error('required', [...at, 'hosts'], 'must have at least one host'));
  return [
    ...found,
    ...hosts.flatMap((host, place) => checkHost(hosts, host, place, [...at, 'hosts', place])),
  ];
}

function checkHost(hosts: readonly string[], text: string, place: number, path: FieldPath): Finding[] {
  const [namespace = '', host, ...rest] = text.split('/');
  if (
    host === undefined ||
    rest.length > 0 ||
    !(['*', '.', '~'].includes(namespace) || isDnsLabel(namespace)) ||
    !isHostName(host, true)
  )
    return [
      error(
        'bad-host',
        path,
        `must be namespace/host such as "./*", "prod/reviews.prod.svc.cluster.local" or "*/*.example.com", not ${JSON.stringify(text)}`,
      ),
    ];
  if (namespace === '~' && host !== '*')
    return [error('bad-host', path, `must be "~/*" (no host at all), not ${JSON.stringify(text)}`)];
  if (hosts.indexOf(text) < place)
    return [warning('duplicate', path, `is given twice: ${JSON.stringify(text)}`)];
  const wider = [`${namespace}/*`, '*/*'].find((one) => one !== text && hosts.includes(one));
  return wider === undefined ? [] : [warning('no-effect', path, `adds nothing to ${JSON.stringify(wider)}`)];
}
