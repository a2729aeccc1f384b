import type { Message } from './message.ts';

export const invalid: Message = {
  code: 'IST0106',
  name: 'SchemaValidationError',
  level: 'Error',
  about: 'The resource does not pass its schema.',
  consequence: 'It is refused as a whole; nothing of it takes effect.',
  remedy: 'Correct the field that the message names.',
};

export const badPattern: Message = {
  code: 'IST0122',
  name: 'InvalidRegexp',
  level: 'Error',
  about: 'A regular expression is none of RE2 syntax, or too large.',
  consequence: invalid.consequence,
  remedy: 'Correct it: look-around and back-references are not of RE2.',
};

export const unknownKind: Message = {
  code: 'TUL0010',
  name: 'UnknownKind',
  level: 'Info',
  about: 'A document of a file is of a kind that Tulle does not know.',
  consequence: 'It is not looked at, nor what it would bring about: workloads of a Deployment, for example.',
  remedy: 'Nothing, where something else takes care of it.',
};

/** About documents of files, whose resources never get into a model. */
export const documentMessages: readonly Message[] = [invalid, badPattern, unknownKind];
