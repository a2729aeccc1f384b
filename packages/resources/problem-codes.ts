/**
 * Every code that a problem can have, and what it says of the resource: types, messages' authors and the reference
 * (`docs/reference/problems.md`) go by this one table. Codes are stable; conditions use them as reasons.
 */
export const problemCodes = {
  // --- the text ---------------------------------------------------------------------------------------------
  'not-text': 'The input is not UTF-8 text.',
  'too-large': 'The input, or a part of it, is larger than is accepted.',
  'too-many': 'There are more items, documents or mistakes than are accepted.',
  'too-deep': 'Values are nested deeper than is accepted.',
  syntax: 'The text is not YAML or JSON.',
  'alias-limit': 'YAML aliases expand to more than is accepted.',
  'bad-alias': 'A YAML alias has no anchor, or stands where none may.',
  'bad-key': 'A key of a mapping is not a plain string.',
  'bad-merge': 'A YAML merge key (<<) does not name a mapping.',
  'duplicate-key': 'A mapping has a key twice.',
  tag: 'A YAML tag asks for a type that is not accepted.',
  'reserved-name': 'A name is one that JavaScript objects reserve.',
  empty: 'There is nothing in it.',

  // --- fields -----------------------------------------------------------------------------------------------
  'foreign-kind': 'A kind of others, which Tulle does not have.',
  'unknown-kind': 'No such apiVersion and kind.',
  'unknown-version': 'The kind exists, but not in this version.',
  'unknown-field': 'The kind has no such field.',
  required: 'A field that must be there is missing.',
  'wrong-type': 'The value is of another type than the field.',
  'wrong-value': 'The value is none of those that the field takes.',
  'out-of-range': 'A number, length or count is too small or too large.',
  'too-few': 'A map has fewer entries than it must have.',
  'one-of': 'Fields of which only one may be set are set together, or none is.',
  rule: 'A rule between fields is broken; the message says which.',
  invalid: 'The value is not valid in another way; the message says how.',
  duplicate: 'Something that must be unique is there twice.',
  conflict: 'Two fields contradict each other.',

  // --- values -----------------------------------------------------------------------------------------------
  'bad-name': 'Not a valid name.',
  'bad-label': 'Not a valid label.',
  'bad-annotation': 'Not a valid annotation.',
  'bad-duration': 'Not a duration such as 1s or 250ms.',
  'bad-host': 'Not a valid host.',
  'bad-address': 'Not a valid address.',
  'bad-base64': 'Not base64.',
  'bad-quantity': 'Not a quantity such as 500m or 128Mi.',
  'bad-upstream': 'Not an upstream: a service, with a port where it has several.',
  'bad-header': 'Not a valid header name or value.',
  'bad-regex': 'Not a regular expression of RE2 syntax, or too large.',
  'weights-sum': 'Weights or shares do not add up to 100, or to nothing.',

  // --- between resources --------------------------------------------------------------------------------------
  'unknown-namespace': 'The mesh has no such namespace.',
  'unknown-host': 'No service has this host.',
  'unknown-port': 'The service has no such port.',
  'unknown-subset': 'No DestinationRule declares this subset.',
  'unknown-gateway': 'No Gateway has this name.',
  'unknown-workload': 'No Workload has this name.',
  'unknown-target': 'No resource of this kind has this name, or no route of it.',
  'unknown-delegate': 'No VirtualService has the name of this delegate.',
  'unknown-credential': 'No Secret that can serve has this name.',
  'unknown-protocol': 'A port does not say what it speaks.',
  'bad-delegate': 'The VirtualService cannot be delegated to.',
  cycle: 'Resources refer to each other in a circle.',
  'no-keys': 'Keys that verify tokens could not be fetched.',
  'no-workload': 'No Workload is selected.',
  'no-endpoints': 'There are no endpoints.',
  'port-conflict': 'A port is used twice.',
  'conflicting-host': 'Another resource has this host, or all of its requests, already.',
  'conflicting-port': 'Servers of one port want different things of it.',

  // --- what a user should know ----------------------------------------------------------------------------------
  'not-enforced': 'The field is accepted and has no effect here yet.',
  'not-applicable': 'The field is accepted and means nothing here; the message says why.',
  'not-supported': 'What is meant cannot be done here.',
  'no-effect': 'The field has no effect beside the others.',
  unreachable: 'An earlier rule takes everything that this one matches.',
  deprecated: 'There is a newer way to say it.',
} as const satisfies Record<string, string>;

export type ProblemCode = keyof typeof problemCodes;
