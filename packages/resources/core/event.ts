import { z } from 'zod';
import type { ResourceKind } from '../kind.ts';
import { options } from '../schema/message.ts';
import { resourceSchema } from '../schema/resource.ts';
import { objectReference, time } from './parts.ts';

const identity = { group: '', kind: 'Event', versions: ['v1'] } as const;

const schema = resourceSchema(
  identity,
  { involvedObject: objectReference.describe('What the event is about.') },
  {
    reason: z.string().describe('One word: what happened.'),
    message: z.string().describe('What happened, for people.'),
    type: z.string().describe('Normal or Warning.'),
    action: z.string().describe('What was done about it.'),
    count: z.int().describe('How often it happened.'),
    firstTimestamp: time().describe('When it was first seen.'),
    lastTimestamp: time().describe('When it was last seen.'),
    eventTime: time().describe('When it was first seen, to the microsecond.'),
    related: objectReference.describe('Another object that took part.'),
    reportingComponent: z.string().describe('Who reports it.'),
    reportingInstance: z.string().describe('Which instance reports it.'),
    series: options({
      count: z.int().describe('How often so far.'),
      lastObservedTime: time().describe('When it was last seen.'),
    }).describe('For an event that repeats.'),
    source: options({
      component: z.string().describe('Who reports it.'),
      host: z.string().describe('Where the reporter runs.'),
    }).describe('Who reports it.'),
  },
);

export type Event = z.infer<typeof schema>;

export const event = {
  ...identity,
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  description: 'Something that happened to a resource; kept for a while.',
  nullIsAbsent: true,
  schema,
  columns: [
    { name: 'Last Seen', type: 'date', path: 'lastTimestamp' },
    { name: 'Type', type: 'string', path: 'type' },
    { name: 'Reason', type: 'string', path: 'reason' },
    { name: 'Object', type: 'string', path: 'involvedObject.name' },
    { name: 'Message', type: 'string', path: 'message' },
  ],
} satisfies ResourceKind<Event>;
