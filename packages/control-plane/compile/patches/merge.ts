import { clone, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { packed, unpacked } from './any.ts';

/** What becomes of lists: they get longer (protobuf's merge, and MERGE), or are replaced (MERGE_AND_REPLACE_LIST). */
export type Lists = 'append' | 'replace';

/**
 * Merges `source` into `target`, as protobuf does: set fields win, messages are merged, entries of maps replaced. But
 * a Duration is one value, and what is packed is merged where both are of one type (Istio, pkg/proto/merge).
 */
export function merge(desc: DescMessage, target: Message, source: Message, lists: Lists): void {
  mergeMessage(reflect(desc, target, false), reflect(desc, source, false), lists);
}

function mergeMessage(target: ReflectMessage, source: ReflectMessage, lists: Lists): void {
  for (const field of source.fields) {
    if (!source.isSet(field)) continue;
    if (field.fieldKind === 'list') mergeList(target, source, field, lists);
    else if (field.fieldKind === 'map') {
      const entries = target.get(field);
      for (const [key, value] of copyOf(source).get(field)) entries.set(key, value);
    } else if (field.fieldKind === 'message' && target.isSet(field) && !isValue(field.message)) {
      const [into, from] = [target.get(field), source.get(field)];
      if (field.message.typeName === AnySchema.typeName) {
        target.set(field, reflect(AnySchema, mergeAny(into.message as Any, from.message as Any, lists)));
      } else mergeMessage(into, from, lists);
    } else target.set(field, copyOf(source).get(field));
  }
}

function mergeList(
  target: ReflectMessage,
  source: ReflectMessage,
  field: DescField & { fieldKind: 'list' },
  lists: Lists,
): void {
  if (lists === 'replace') target.clear(field);
  const items = target.get(field);
  for (const item of copyOf(source).get(field)) items.add(item);
}

/** What is merged in may be merged in elsewhere too. */
const copyOf = (source: ReflectMessage): ReflectMessage =>
  reflect(source.desc, clone(source.desc, source.message), false);

/** One value, though it is a message. */
const isValue = ({ typeName }: DescMessage): boolean =>
  typeName.startsWith('google.protobuf.') && typeName !== AnySchema.typeName;

/** Two packed messages of one type, merged; else the second. */
function mergeAny(target: Any, source: Any, lists: Lists): Any {
  const into = unpacked(target);
  const from = unpacked(source);
  if (into === undefined || from === undefined || into.desc !== from.desc) return source;
  merge(into.desc, into.message, from.message, lists);
  return packed(into.desc, into.message);
}
